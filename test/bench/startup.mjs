/** How long it takes to start: `vmft run hello` beside `node -e 0`, in alternating pairs. */
import { median, printTable, run, timed, vmft } from './measure.mjs';

const PAIRS = 21;

/** Prints the table. */
export function startup() {
  const node = () => run(process.execPath, ['-e', '0']);
  const commands = [
    ['vmft run hello (assembles it first)', () => vmft('run', 'hello')],
    ['vmft version', () => vmft('version')],
  ];
  const rows = commands.map(([name, command]) => {
    const pairs = Array.from({ length: PAIRS }, () => ({ base: timed(node), it: timed(command) }));
    const ratio = median(pairs.map(({ it, base }) => it / base));
    const ms = (field) => median(pairs.map((pair) => pair[field])).toFixed(0);
    return [name, ms('it'), ms('base'), `${ratio.toFixed(2)}×`];
  });
  const head = ['command', 'ms', 'node -e 0, ms', 'ratio'];
  printTable(`Starting (medians of ${PAIRS} alternating pairs)`, [head, ...rows]);
}
