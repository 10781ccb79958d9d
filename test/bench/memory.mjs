/** How much memory a process takes: the peak of `vmft run` with a small and a usual guest. */
import { median, printTable, root, run, VMFT } from './measure.mjs';

const RUNS = 5;

/** Peak resident memory in MiB of a process that runs a program, or nothing. */
function peakMiB(...program) {
  const { stderr } = run(process.execPath, [`${root}/test/bench/peak.mjs`, ...program]);
  return Number(/peak (\d+)/.exec(stderr)[1]) / 1024;
}

/** Prints the table. */
export function memory() {
  const middle = (...program) => median(Array.from({ length: RUNS }, () => peakMiB(...program)));
  const node = middle();
  const rows = [
    ['hello, 2 MiB of RAM', ['run', 'hello', '--memory', '2M'], 2],
    ['hello, 16 MiB of RAM', ['run', 'hello', '--memory', '16M'], 16],
    ['primes n=8000000, 16 MiB of RAM', ['run', 'primes', '--append', 'n=8000000'], 16],
  ].map(([name, args, ram]) => {
    const peak = middle(VMFT, ...args);
    const over = peak - node;
    return [name, peak.toFixed(0), over.toFixed(0), `${(over / ram).toFixed(1)}×`];
  });
  const head = ['guest', 'peak MiB', `above node (${node.toFixed(0)})`, 'as multiple of RAM'];
  printTable(`Memory of a process (medians of ${RUNS})`, [head, ...rows]);
}
