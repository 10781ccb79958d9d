/**
 * One test per claim of Scales, Nelson, Venkitachalam, "The Design of a Practical System for
 * Fault-Tolerant Virtual Machines" (2010), by its sections: those on disk and network I/O.
 * A claim whose test has a better place is listed under `elsewhere`, with that place.
 */
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/ft/config.ts';
import type { Effect } from '../../src/ft/ports.ts';
import { Recorder } from '../../src/hypervisor/recorder.ts';
import { runScenario, runWorld, withoutRule } from '../../src/sim/run.ts';
import { guestParts, NOTHING, namedScenario } from '../sim/guests.ts';
import { hasher } from '../support/hasher.ts';
import { randomSources } from '../support/schedule.ts';
import { TOY_RATES, ToyMachine } from '../support/toy-machine.ts';
import {
  ack,
  batch,
  disk,
  frame,
  greetedBackup,
  greetedPrimary,
  MS,
  marker,
  released,
  sent,
  sliced,
  tick,
} from './bench.ts';
import { elsewhere } from './elsewhere.ts';

describe('§3.4 disk I/O', () => {
  it('is kept from races: overlapping requests run one after the other', () => {
    const bench = greetedPrimary();
    const writes = [disk(1, 'write', 8, 2), disk(2, 'write', 9), disk(3, 'write', 10)];
    bench.give(sliced(100, [marker(0, 100, 2)], writes));
    expect(released(bench.hear(ack(0, 1)))).toEqual([0, 2]);
  });

  it('uses bounce buffers: a guest that looks at the place of a read diverges without them', () => {
    const { violations } = runScenario(
      withoutRule(namedScenario('bounce-buffer'), 'bounce-buffer'),
      guestParts,
    );
    expect(violations.map(({ checker }) => checker)).toContain('divergence');
    expect(runScenario(namedScenario('bounce-buffer'), guestParts).violations).toEqual([]);
  });

  elsewhere([
    [
      'the same way on both sides',
      'sim/disk-requests',
      'run one after the other on whichever host, whenever the primary dies',
    ],
    [
      'what was under way at the failure is issued again, in order',
      'ft/rules',
      'in order, overlapping ones one at a time',
    ],
    [
      'which is harmless for what had been carried out already',
      'sim/scenarios',
      'pending-io: writes under way are issued again, also those that had been carried out',
    ],
    ['and what has completed is not', 'ft/rules', 'and those with one are not'],
  ]);
});

describe('§3.5 network I/O', () => {
  it('lets several packets share one interrupt', () => {
    const none = Object.fromEntries(Object.keys(TOY_RATES).map((op) => [op, 0]));
    const machine = new ToyMachine({ seed: 1, rates: none }, hasher);
    const recorder = new Recorder({ machine, sources: randomSources(1), hasher });
    for (let i = 0; i < 3; i++) recorder.offer({ kind: 'packet', bytes: Uint8Array.of(i) });
    const { entries } = recorder.slice(10, 0);
    expect(entries.map(({ count }) => count)).toEqual([0, 0, 0]);
    // The toy counts an instruction for each interrupt that it takes, and walks for the rest.
    const quiet = new ToyMachine({ seed: 1, rates: none }, hasher);
    for (const entry of entries) if (entry.kind === 'input') quiet.apply(entry.input);
    quiet.run(1);
    expect(quiet.snapshot()).toMatchObject({ count: 1, devices: { irq: 0 } });
  });

  /** How often alpha's guest went to sleep while eight clients asked `apartNs` after each other. */
  function sleeps(apartNs: number): number {
    const scenario = namedScenario('crash-after-output');
    const [alice] = scenario.clients;
    const clients = Array.from({ length: 8 }, (_, i) => {
      const requests = [{ text: 'get', atNs: 50 * MS + i * apartNs, pauseNs: 0 }];
      const address = `10.0.2.${100 + i}`;
      return { ...alice!, name: `client${i}`, address, requests };
    });
    const world = runWorld(
      { ...scenario, clients, faults: [], expect: NOTHING, report: ['exits'] },
      { ...guestParts, tracing: false },
    );
    expect(world.state.answers).toBe(8);
    return world.state.observed.alpha!.exits.halted!;
  }

  it('so that a guest is interrupted less often for packets that come together', () => {
    const [together, apart] = [sleeps(0), sleeps(5 * MS)];
    // Each client asks for the address first: two packets that each wake the guest, or do not.
    expect(apart).toBe(1 + 2 * 8);
    expect(together).toBeLessThan(apart / 2);
  });

  it('lets several packets share one notification, one entry and one acknowledgement', () => {
    const bench = greetedPrimary();
    const frames = [frame(1), frame(2), frame(3)];
    const effects = bench.give(sliced(100, [marker(0, 100, 2)], frames));
    expect(sent(effects)).toMatchObject([{ kind: 'batch', batch: 0 }]);
    expect(released(bench.hear(ack(0, 1)))).toEqual([0, 1, 2]);
  });

  it('reduces the delay of transmission: acknowledgements wait for a short slice at most', () => {
    const { sliceInstructions, promptInstructions } = DEFAULT_LIMITS;
    const until = (effects: readonly Effect[]) =>
      effects.flatMap((e) => ('until' in e ? e.until : []));
    const bench = greetedPrimary();
    expect(until(bench.give(sliced(100, [])))).toEqual([100 + sliceInstructions]);
    expect(until(bench.give(sliced(200, [marker(0, 200, 0)], [frame(1)])))).toEqual([
      200 + promptInstructions,
    ]);
    const backup = greetedBackup();
    expect(until(backup.hear(batch(0, [tick(0, 40)])))).toEqual([promptInstructions]);
  });

  elsewhere([
    [
      'a notification sends all that waits',
      'machine/devices/virtio-net',
      'a notification sends every frame waiting, without header, and returns its buffers',
    ],
    [
      'all that left at an instruction has one entry',
      'hypervisor/replay',
      'marks the outputs of a slice with exactly one entry, after what it covers',
    ],
    [
      'what waits for the guest is bounded',
      'hypervisor/recorder',
      'drops the newest packets when it is full, before they are logged',
    ],
  ]);
});

describe('§4.1 shared and non-shared disks', () => {
  it('makes writes outputs, and reads not', () => {
    const bench = greetedPrimary();
    const requests = [disk(1, 'write', 8), disk(2, 'read', 16)];
    expect(released(bench.give(sliced(100, [marker(0, 100, 1)], requests)))).toEqual([1]);
    expect(released(bench.hear(ack(0, 1)))).toEqual([0]);
  });

  it('never lets a read pass a held write that it overlaps', () => {
    const bench = greetedPrimary();
    const requests = [disk(1, 'write', 8), disk(2, 'read', 8)];
    expect(released(bench.give(sliced(100, [marker(0, 100, 1)], requests)))).toEqual([]);
    expect(released(bench.hear(ack(0, 1)))).toEqual([0]);
    const done = { kind: 'disk', id: 1, ok: true } as const;
    expect(released(bench.give({ kind: 'input', input: done }))).toEqual([1]);
  });

  elsewhere([
    [
      'a disk of the host’s own is inside: its writes do not wait',
      'sim/own-disks',
      'does not hold its writes: they are on the disk before the backup has their entries',
    ],
    ['and the two are kept alike', 'sim/own-disks', 'has the same on both disks after a clean end'],
  ]);
});

describe('§4.2 disk reads on the backup', () => {
  elsewhere([
    [
      'the backup reads itself',
      'ft/local-reads',
      'reads itself, and its guest waits for what it reads',
    ],
    ['which spares the channel the data', 'ft/local-reads', 'saves the channel what was read'],
    [
      'a read that failed for the backup alone is tried again',
      'ft/local-reads',
      'tries again what failed for it alone, or brought other bytes',
    ],
    [
      'a read that failed for the primary fails for the backup',
      'ft/local-reads',
      'takes the failure of the primary’s read from the log',
    ],
    [
      'a write waits for a read that the backup has still to do',
      'ft/local-reads',
      'delays a write to a place that the backup has not read yet, and no other',
    ],
  ]);
});
