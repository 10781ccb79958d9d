/**
 * How fast guests compute: two in assembly as guests, and the same instructions as programs of
 * Linux; then the kernels in C (c-kernels.mjs). Each pair of runs is made one after the other; the
 * ratio is the median of the pairs' ratios.
 *
 * A guest's time is that of its execution alone (`wallMs` of `vmft run --json`). A native time is
 * that of a process, on average of several in a row because it is so short, less that of a process
 * that computes next to nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cKernels } from './c-kernels.mjs';
import { hasTool, median, printTable, root, run, timed, vmft } from './measure.mjs';

const PAIRS = 7;
const NATIVE_RUNS = 10;
const KERNELS = [
  { guest: 'primes', words: 'n=8000000', least: 'n=2' },
  { guest: 'sha256', words: 'blocks=25000', least: 'blocks=1' },
];

/** Assembles a guest for Linux; the path of the program. */
function nativeProgram(folder, guest, words) {
  const object = join(folder, `${guest}-${words}.o`);
  const program = join(folder, `${guest}-${words}`);
  const includes = ['-Itest/bench/native/', '-Iprograms/'];
  const source = `${root}/programs/asm/${guest}.asm`;
  run('nasm', ['-felf32', ...includes, `-DWORDS='${words}'`, source, '-o', object]);
  run('ld', ['-m', 'elf_i386', '-o', program, object]);
  return program;
}

/** Wall time of one run of a program on average, in ms. */
function processMs(program) {
  return (
    timed(() => {
      for (let n = 0; n < NATIVE_RUNS; n++) run(program, []);
    }) / NATIVE_RUNS
  );
}

function measure(folder, { guest, words, least }) {
  const program = nativeProgram(folder, guest, words);
  const nothing = nativeProgram(folder, guest, least);
  const expected = run(program, []).stdout;
  const pairs = Array.from({ length: PAIRS }, () => {
    const { stdout } = vmft('run', guest, '--append', words, '--json');
    const report = JSON.parse(stdout);
    if (report.console !== expected) throw new Error(`${guest}: vmft and Linux disagree`);
    return { ...report, nativeMs: processMs(program) - processMs(nothing) };
  });
  const of = (field) => median(pairs.map((pair) => pair[field]));
  const ratio = median(pairs.map(({ wallMs, nativeMs }) => wallMs / nativeMs));
  return [
    `${guest} ${words}`,
    (pairs[0].instructions / 1e6).toFixed(1),
    of('mips').toFixed(0),
    of('wallMs').toFixed(0),
    of('nativeMs').toFixed(0),
    `${ratio.toFixed(1)}×`,
  ];
}

function assemblyKernels() {
  if (!['nasm', 'ld'].every(hasTool)) return console.log('\nkernels: skipped, needs nasm and ld');
  const folder = mkdtempSync(join(tmpdir(), 'vmft-bench-'));
  try {
    const head = ['guest', 'million instructions', 'MIPS', 'vmft ms', 'native ms', 'vmft / native'];
    const rows = KERNELS.map((kernel) => measure(folder, kernel));
    printTable(`Computing (medians of ${PAIRS} pairs, the same instructions)`, [head, ...rows]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Prints the tables. */
export function kernels() {
  assemblyKernels();
  cKernels();
}
