/**
 * Hidden state: at the boundaries of the images of ring 0 (test/programs-qemu/ring0) a snapshot is
 * the whole machine, and a replay in single steps is the recording. The images are full of what
 * lies between two instructions: shadows of sti and mov ss, pending traps, RF, interrupts in the
 * middle of a repetition.
 */
import { expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { Word } from '../../src/cpu/layout.ts';
import { Replayer } from '../../src/hypervisor/replayer.ts';
import { assembleImage, IMAGES, newMachine, recordImage } from '../programs-qemu/ring0/images.ts';
import { hasher } from '../support/hasher.ts';
import { runs } from '../support/runs.ts';

const DIGEST_EVERY = 10_000;
/** The share of boundaries that is looked at; all of them with VMFT_RUNS from 3 on. */
const SHARE = runs(20) / 100;
/** A longer image is not looked at everywhere, but at so many places. */
const LONG = 200_000;
const PLACES = runs(75);

const all = IMAGES.flatMap(({ name, commandLines }) =>
  commandLines.map((commandLine) => ({ name, commandLine })),
);

it.each(all)('$name $commandLine goes on alike where it is restored', ({ name, commandLine }) => {
  const image = assembleImage(name);
  const run = recordImage(image, commandLine, DIGEST_EVERY);
  const length = run.machine.count;
  const stepped = newMachine(image, commandLine);
  const restored = newMachine(image, commandLine);
  const { symbols } = stepped.machine;
  const [main, from, to] = ['main', 'print_begin', 'print_end'].map(
    (label) => symbols.find(({ name }) => name === label)!.address,
  );
  const replay = new Replayer({ machine: stepped.machine, hasher });
  const again = new Replayer({ machine: restored.machine, hasher });
  replay.feed(run.entries);
  const prng = new Prng(1);
  const share = commandLine === '' ? Math.min(1, SHARE) : 1;
  let begun = false;
  let looked = 0;
  while (replay.inHand > 0) {
    const { count } = stepped.machine;
    const eip = stepped.cpu.core.r[Word.Eip]!;
    begun ||= eip === main || length > LONG;
    // Where tables are filled and text is made, nothing is hidden.
    const quiet = !begun || (eip >= from! && eip < to!);
    const look = !quiet && prng.chance(share);
    const state = look ? replay.state() : undefined;
    const steps = length > LONG ? 1 + prng.below((2 * length) / PLACES) : 1;
    replay.slice(count + steps);
    if (!state) continue;
    looked++;
    again.restore(state);
    again.slice(count + steps);
    expect(restored.machine.digest(), `restored at ${count}`).toBe(stepped.machine.digest());
  }
  expect(looked).toBeGreaterThan(commandLine === '' ? 10 : 5);
  expect(stepped.machine.digest()).toBe(run.machine.digest());
});
