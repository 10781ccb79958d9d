/**
 * `npm run bench [kernels startup memory log vectors]`: what vmft costs, as ratios to what anyone can run
 * beside it. Wants an idle computer; every figure is a median, every ratio one of paired runs.
 */
import { arch, cpus, platform } from 'node:os';
import { kernels } from './kernels.mjs';
import { logSize } from './log-size.mjs';
import { memory } from './memory.mjs';
import { startup } from './startup.mjs';
import { vectors } from './vectors.mjs';

const BENCHES = { kernels, startup, memory, log: logSize, vectors };

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) {
  console.error(`bench: no ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}

console.log(`Node ${process.version}, ${platform()} ${arch()}, ${cpus()[0]?.model}`);
for (const [name, bench] of Object.entries(BENCHES)) {
  if (asked.length === 0 || asked.includes(name)) await bench();
}
