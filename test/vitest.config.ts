/**
 * Tests import the sources by their paths in src/, and run what the compiler made of them in dist/:
 * the very files that a user runs. (The test runner's own transform would also undo the inlining of
 * constants on which the interpreter's switch depends.)
 */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const src = `${root}/src/`;

/** For a test that hangs; no test depends on how long it takes. */
const TIMEOUT_MS = 120_000 * Math.max(1, Number(process.env.VMFT_RUNS || 1));

export default defineConfig({
  root,
  plugins: [
    {
      name: 'run-the-build',
      enforce: 'pre',
      resolveId(id, importer) {
        if (!importer || !id.startsWith('.')) return null;
        const path = resolve(dirname(importer), id);
        if (!path.startsWith(src)) return null;
        const built = `${root}/dist/${path.slice(src.length).replace(/\.ts$/, '.js')}`;
        if (!existsSync(built)) throw new Error(`${built} is missing: run "npm run build"`);
        return { id: built, external: true };
      },
    },
  ],
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    server: { deps: { external: [/\/dist\//] } },
    setupFiles: ['test/support/properties.ts', 'test/support/equality.ts'],
    testTimeout: TIMEOUT_MS,
    hookTimeout: TIMEOUT_MS,
    maxWorkers: 2,
    // As src/host/compiler.ts has it for the program.
    execArgv: ['--no-use-osr'],
    isolate: false,
  },
});
