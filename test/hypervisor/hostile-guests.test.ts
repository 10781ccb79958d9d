/**
 * Guests whose drivers mean harm (support/board-steps.ts), on the whole machine: their recordings
 * replay to the same state, digest by digest.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assemble } from '../../src/asm/assembler.ts';
import { Recorder } from '../../src/hypervisor/recorder.ts';
import { Replayer } from '../../src/hypervisor/replayer.ts';
import { X86Machine } from '../../src/machine/machine.ts';
import type { MachineConfig } from '../../src/machine/types.ts';
import { type Access, accessGuest } from '../support/access-guest.ts';
import { driverSteps, pitSteps, rtcSteps, SECTORS, SLOTS } from '../support/board-steps.ts';
import { GuestWorld, VirtualClock } from '../support/guest-world.ts';
import { hasher } from '../support/hasher.ts';
import { runs } from '../support/runs.ts';
import { drain } from './toy.ts';

const DIGEST_EVERY = 2000;
const config: MachineConfig = { ramBytes: 2 << 20, commandLine: '', slots: SLOTS, strict: false };

const guest = fc
  .tuple(...[0, 1, 2].map((slot) => driverSteps(slot, 12)), fc.array(pitSteps), fc.array(rtcSteps))
  .map(([net, block, entropy, pit, rtc]) => [net, block, entropy, ...pit, ...rtc].flat())
  .map((steps) =>
    steps.flatMap((step): Access[] => (step && 'access' in step ? [step.access] : [])),
  );

test('what a hostile guest does is replayed to the same digests', () => {
  fc.assert(
    fc.property(guest, fc.nat(0xffff), (accesses, seed) => {
      const text = accessGuest(accesses);
      const { image, errors } = assemble({ file: 'guest', text, format: 'elf' });
      expect(errors).toEqual([]);
      const clock = new VirtualClock(seed);
      const machine = new X86Machine(config, image, hasher);
      const recorder = new Recorder({ machine, sources: clock, hasher, digestEvery: DIGEST_EVERY });
      const disks = new Map([[1, new Uint8Array(512 * SECTORS)]]);
      const world = new GuestWorld(recorder, clock, disks, { title: '', console: '', status: 0 });
      expect(world.play(2000)).toEqual({ why: 'exit', status: 0 });
      const copy = new X86Machine(config, image, hasher);
      const replayer = new Replayer({ machine: copy, hasher, digestEvery: DIGEST_EVERY });
      replayer.feed(world.entries);
      expect(drain(replayer, 1_000_000)).toEqual(world.outputs);
      replayer.compareDigest(machine.count, machine.digest());
    }),
    { numRuns: runs(4) },
  );
});
