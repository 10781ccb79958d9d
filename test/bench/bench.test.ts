/** The benchmarks are measured by hand; that all of their parts are there is seen here. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test.each(['bench', 'real'])(
  '%s.mjs loads, and names its benchmarks to who asks for another',
  (name) => {
    const path = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [path, 'other'], { encoding: 'utf8' });
    expect(stderr).toMatch(/^bench(:real)?: no other; there are \w+, \w+/);
    expect(status).toBe(2);
  },
);
