/**
 * The five kernels in C (programs/c/kernels): as guests, as programs of Linux made of the same
 * object files, and the same images in Bochs where that is installed. Runs are made in turn, each
 * ratio is the median of those of neighbours.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BOCHS_TOOLS, bochsMips, prepareBochs } from './bochs.mjs';
import { hasTool, median, printTable, root, run, vmft } from './measure.mjs';

const KERNELS = ['sieve', 'sha', 'matrix', 'mix', 'bytes'];
/** Runs of each kernel with each machine. */
const TURNS = 5;
/** Rounds: for vmft and Linux; for Bochs, whose time is that of `many` less that of `few`. */
const ROUNDS = 600;
const BOCHS_FEW = 10;
const BOCHS_MANY = 110;
/** What was promised: times as slow as native, share of the mean speed, times as fast as Bochs. */
const GOALS = { native: 50, share: 0.6, bochs: 2.2 };

const mean = (numbers) =>
  Math.exp(numbers.reduce((sum, number) => sum + Math.log(number), 0) / numbers.length);
const times = (ratio) => `${ratio.toFixed(1)}×`;

function runGuest(guest, rounds) {
  const words = `n=${rounds}`;
  return { words, ...JSON.parse(vmft('run', guest, '--append', words, '--json').stdout) };
}

function nativeMs(folder, guest, { words, console }) {
  const { stdout, stderr } = run(join(folder, guest), [words]);
  if (stdout !== console) throw new Error(`${guest} ${words}: vmft and Linux disagree`);
  return Number.parseFloat(stderr);
}

/** Medians of one kernel; `folders` are those of the native programs and of Bochs. */
function measure(folders, guest, withBochs) {
  const few = runGuest(guest, BOCHS_FEW);
  const many = runGuest(guest, BOCHS_MANY);
  const turns = Array.from({ length: TURNS }, () => {
    const here = runGuest(guest, ROUNDS);
    const native = here.wallMs / nativeMs(folders.native, guest, here);
    const bochs = withBochs ? here.mips / bochsMips(folders.bochs, guest, few, many) : Number.NaN;
    return { instructions: here.instructions, mips: here.mips, native, bochs };
  });
  const of = (field) => median(turns.map((turn) => turn[field]));
  return {
    guest,
    instructions: of('instructions'),
    mips: of('mips'),
    native: of('native'),
    bochs: of('bochs'),
  };
}

function judge(met, text) {
  console.log(`  ${met ? 'met' : 'MISSED'}: ${text}`);
}

function printResults(kernels, withBochs) {
  const of = (field) => mean(kernels.map((kernel) => kernel[field]));
  const all = {
    guest: 'geometric mean',
    mips: of('mips'),
    native: of('native'),
    bochs: of('bochs'),
  };
  const share = ({ mips }) => mips / all.mips;
  const row = (kernel) => [
    kernel.guest,
    kernel.instructions ? (kernel.instructions / 1e6).toFixed(0) : '',
    kernel.mips.toFixed(0),
    `${(100 * share(kernel)).toFixed(0)} %`,
    times(kernel.native),
    withBochs ? times(kernel.bochs) : '',
  ];
  const head = ['kernel', 'million instructions', 'MIPS', 'of the mean', 'vmft / native ms'];
  printTable(`Kernels in C (n=${ROUNDS}, medians of ${TURNS} turns)`, [
    [...head, withBochs ? 'vmft / Bochs MIPS' : ''],
    ...[...kernels, all].map(row),
  ]);
  const least = Math.min(...kernels.map(share));
  judge(all.native <= GOALS.native, `on average at most ${GOALS.native}× native time`);
  judge(least >= GOALS.share, `no kernel below ${100 * GOALS.share} % of the mean speed`);
  if (withBochs) judge(all.bochs >= GOALS.bochs, `on average ${GOALS.bochs}× as fast as Bochs`);
}

/** Prints the table. */
export function cKernels() {
  const build = `${root}/programs/c/build.mjs`;
  if (!['gcc', 'ld', 'ar'].every(hasTool)) return console.log('\nkernels in C: skipped, needs gcc');
  const missing = BOCHS_TOOLS.filter((tool) => !hasTool(tool));
  const withBochs = missing.length === 0;
  const folder = mkdtempSync(join(tmpdir(), 'vmft-bench-'));
  try {
    run(process.execPath, [build, '--output', join(folder, 'images'), '--native', folder]);
    const bochs = join(folder, 'bochs');
    mkdirSync(bochs);
    prepareBochs(bochs);
    const kernels = KERNELS.map((guest) => measure({ native: folder, bochs }, guest, withBochs));
    printResults(kernels, withBochs);
    if (!withBochs) console.log(`  Bochs: skipped, needs ${missing.join(', ')}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
