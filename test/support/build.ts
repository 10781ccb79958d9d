/**
 * Builds once before the tests: they run what the compiler makes of src/ in dist/, and those of the
 * command line the program that is made of it in dist/bin/.
 */
import { spawnSync } from 'node:child_process';

export default function build(): void {
  const { status, stdout, stderr } = spawnSync('npm', ['run', 'build'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the sources do not compile:\n${stdout}${stderr}`);
}
