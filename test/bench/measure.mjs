/** What the benchmarks share: running programs, medians, tables. */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the tree. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The compiled program. */
export const VMFT = `${root}/dist/bin/main.js`;

/** Runs a program to its end; throws with its output where it fails. */
export function run(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${status}\n${stdout}${stderr}`);
  return { stdout, stderr };
}

/** Runs `vmft` with these arguments. */
export const vmft = (...args) => run(process.execPath, [VMFT, ...args]);

/** Wall time of `work` in ms, start and end of processes included. */
export function timed(work) {
  const began = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - began) / 1e6;
}

/** The middle of several numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Whether `tool` can be started. */
export const hasTool = (tool) => spawnSync('sh', ['-c', 'command -v "$0"', tool]).status === 0;

/** Prints a table under a title; numbers stand to the right. */
export function printTable(title, rows) {
  const text = rows.map((row) => row.map(String));
  const widths = text[0].map((_, n) => Math.max(...text.map((row) => row[n].length)));
  const line = (row) =>
    row.map((cell, n) => (n === 0 ? cell.padEnd(widths[n]) : cell.padStart(widths[n]))).join('  ');
  console.log(`\n${title}\n${text.map((row) => `  ${line(row).trimEnd()}`).join('\n')}`);
}
