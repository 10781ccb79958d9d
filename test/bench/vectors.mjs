/**
 * `vmft vectors` beside two other processors behind the same lines (test/oracle/native/native.c):
 * the one of this computer, and qemu-i386. Needs gcc for 32-bit programs, and root.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasTool, median, printTable, root, timed, VMFT } from './measure.mjs';

const LINES = 100_000;
const ROUNDS = 5;

/** Instructions of all kinds; those with an address take [ebx], [esi] and [edi]. */
const CODE = `01c8 8903 8b0b 0fafc1 83c07f c1e005 d3e8 f7e1 f7f1 0fb6c1 6a05 8f03 f3a4 a5 e803000000 7405
  0f94c0 0fa4c805 0fc1c8 0fb10b 87c8 66678b00 9c c9 98 660fbcc1 27 d40a 8d448b10 ff03 f0ff0b c3`;

const FLAGS = `-m32 -O2 -std=gnu11 -ffreestanding -nostdlib -static -fno-pic -no-pie
  -fno-stack-protector -fcf-protection=none -msse2 -Wl,-Ttext-segment=0xc0000000`;

/** T lines with registers from a multiplicative generator; the pointers lie in 64K. */
function lines() {
  const code = CODE.split(/\s+/);
  let state = 1;
  const next = () => (state = Math.imul(state, 1664525) + 1013904223) >>> 0;
  const low = () => (0x1000 + (next() >>> 17)).toString(16);
  const any = () => next().toString(16);
  return Array.from({ length: LINES }, (_, n) => {
    const eip = low();
    const registers = `eax=${any()} ecx=${(next() >>> 28).toString(16)} edx=${any()} ebx=${low()}`;
    const pointers = `esp=${low()} ebp=${low()} esi=${low()} edi=${low()}`;
    const memory = `mem=${eip}:${code[n % code.length]}`;
    return `T ${n.toString(16)} rep=1 eip=${eip} efl=${any()} ${registers} ${pointers} ${memory}\n`;
  }).join('');
}

/** Prints the table. */
export function vectors() {
  const folder = mkdtempSync(join(tmpdir(), 'vmft-bench-'));
  const native = join(folder, 'native');
  const source = join(root, 'test/oracle/native/native.c');
  spawnSync('gcc', [...FLAGS.split(/\s+/), '-o', native, source], { stdio: 'inherit' });
  const input = lines();
  const ask = (command, ...parameters) => {
    const { status } = spawnSync(command, parameters, { input, maxBuffer: 1 << 28 });
    if (status !== 0) throw new Error(`${command} ${parameters.join(' ')}: status ${status}`);
  };
  const others = [['the processor itself', () => ask(native, '64')]];
  if (hasTool('qemu-i386'))
    others.push(['qemu-i386', () => ask('qemu-i386', native, '64', 'emulated')]);
  const ours = () => ask(process.execPath, VMFT, 'vectors', '--memory', '64K');
  const rate = (times) => Math.round(LINES / median(times));
  const rows = others.map(([name, other]) => {
    const pairs = Array.from({ length: ROUNDS }, () => [timed(ours), timed(other)]);
    const ratio = median(pairs.map(([a, b]) => b / a)).toFixed(2);
    const rates = [0, 1].map((i) => rate(pairs.map((pair) => pair[i])));
    return [name, ...rates, `${ratio}×`];
  });
  rmSync(folder, { recursive: true });
  const head = ['beside', 'vmft, lines/ms', 'other, lines/ms', 'ratio'];
  printTable(`vmft vectors (${LINES} lines, medians of ${ROUNDS} pairs)`, [head, ...rows]);
}
