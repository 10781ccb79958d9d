/** The guest memtest finds what it looks for: memory that does not keep what was written. */
import { describe, expect, it } from 'vitest';
import { X86Machine } from '../../src/machine/machine.ts';
import { guestImage } from '../support/guest-image.ts';
import { hasher } from '../support/hasher.ts';

const PAGE_BYTES = 4096;
const CONFIG = { ramBytes: 16 << 20, commandLine: 'kib=64', slots: [], strict: true };

/** Runs memtest, with one bit of RAM turned over so long after the console has shown a text. */
function runWithFlip(shown: string, later: number, address: number, bit: number) {
  const machine = new X86Machine(CONFIG, guestImage('memtest'), hasher);
  let console = '';
  const run = (until: number) => {
    const stop = machine.run(until);
    for (const output of machine.takeOutputs())
      if (output.kind === 'console') console += Buffer.from(output.bytes).toString('latin1');
    return stop;
  };
  while (!console.includes(shown)) expect(run(1e9).why).toBe('output');
  expect(run(machine.count + later).why).toBe('budget');
  const snapshot = machine.snapshot();
  const pages = [...snapshot.pages];
  const number = Math.floor(address / PAGE_BYTES);
  const bytes = machine.readMemory(number * PAGE_BYTES, PAGE_BYTES);
  bytes[address % PAGE_BYTES]! ^= 1 << bit;
  const before = machine.digest();
  pages[number] = { bytes };
  machine.restore({ ...snapshot, pages });
  expect(machine.digest()).not.toBe(before);
  for (;;) {
    const stop = run(1e9);
    if (stop.why !== 'output') return { stop, console };
  }
}

describe('memtest', () => {
  it.each([
    ['walking bits', '', 100_000],
    ['addresses', 'walking bits', 60_000],
    ['moving inversions', 'addresses', 300_000],
    ['random', 'moving inversions', 60_000],
  ])('finds a bit that turns over during the test %s', (test, before, later) => {
    const { stop, console } = runWithFlip(before, later, 0x108123, 5);
    expect(stop).toEqual({ why: 'exit', status: 1 });
    const error = /^error at 00108120: (\w{8}) expected, (\w{8}) read$/m.exec(console)!;
    const [expected, read] = error.slice(1).map((word) => Number.parseInt(word, 16));
    expect((expected! ^ read!) >>> 0).toBe(0x20000000);
    expect(console).toMatch(new RegExp(`^pass 1 {2}${test} +[1-9]\\d* errors$`, 'm'));
  });
});
