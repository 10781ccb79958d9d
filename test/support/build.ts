/** Compiles src/ to dist/ once before the tests, which run the compiled files. */
import { spawnSync } from 'node:child_process';

export default function build(): void {
  const tsc = spawnSync('npx', ['tsc', '-p', 'tsconfig.json'], { encoding: 'utf8' });
  if (tsc.status !== 0) throw new Error(`the sources do not compile:\n${tsc.stdout}${tsc.stderr}`);
}
