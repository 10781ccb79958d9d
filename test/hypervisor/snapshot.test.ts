/** Checkpoints survive their encoding, and a replay is held against them field by field. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BytesError } from '../../src/base/bytes.ts';
import { Divergence } from '../../src/hypervisor/divergence.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/hypervisor/snapshot.ts';
import { firstDifference } from '../../src/hypervisor/snapshot-difference.ts';
import type { Page, Snapshot } from '../../src/machine/types.ts';
import { runs } from '../support/runs.ts';
import { recordSchedule } from '../support/schedule.ts';
import { drain, newRecorder, newReplayer, record, toyRun } from './toy.ts';

const schedule = { seed: 1, slices: 30, maxSlice: 100, packet: 0.3, console: 0.3 };
const run = { program: { seed: 4 }, schedule, digestEvery: 100 };

describe('a checkpoint', () => {
  it('survives its encoding, with and without a base, and shares the pages of the base', () => {
    fc.assert(
      fc.property(toyRun, (toy) => {
        const recorder = newRecorder(toy);
        recordSchedule(recorder, toy.schedule);
        const base = recorder.checkpoint();
        recordSchedule(recorder, toy.schedule);
        const next = recorder.checkpoint();
        expect(decodeCheckpoint(encodeCheckpoint(next))).toEqual(next);
        const bytes = encodeCheckpoint(next, base.machine);
        const decoded = decodeCheckpoint(bytes, base.machine);
        expect(decoded).toEqual(next);
        next.machine.pages.forEach((page, index) => {
          const same = page === base.machine.pages[index];
          if (same) expect(decoded.machine.pages[index]).toBe(page);
        });
      }),
      { numRuns: runs(30) },
    );
  });

  it('costs what differs from its base', () => {
    const { recorder } = record(run);
    const { point, machine } = recorder.checkpoint();
    expect(encodeCheckpoint({ point, machine }, machine).length).toBeLessThan(2000);
    expect(encodeCheckpoint({ point, machine }).length).toBeGreaterThan(4096);
  });

  it('is refused with the codec’s own error when it is cut or is no checkpoint', () => {
    const bytes = encodeCheckpoint(record(run).recorder.checkpoint());
    for (let length = 0; length < bytes.length; length += 7) {
      expect(() => decodeCheckpoint(bytes.subarray(0, length))).toThrow(BytesError);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        try {
          decodeCheckpoint(noise);
        } catch (error) {
          expect(error).toBeInstanceOf(BytesError);
        }
      }),
      { numRuns: runs(1000) },
    );
  });
});

describe('a replay held against a checkpoint', () => {
  it('agrees with every checkpoint of its recording', () => {
    fc.assert(
      fc.property(toyRun, (toy) => {
        const recorder = newRecorder(toy);
        const replayer = newReplayer(toy);
        for (let i = 0; i < 5; i++) {
          const { entries } = recordSchedule(recorder, { ...toy.schedule, slices: 3 }, i * 1e6);
          replayer.feed(entries);
          drain(replayer);
          replayer.compareCheckpoint(recorder.checkpoint());
          replayer.compareDigest(recorder.machine.count, recorder.machine.digest());
        }
      }),
      { numRuns: runs(30) },
    );
  });

  it('names the first byte that differs', () => {
    const { recorder, recording } = record(run);
    const { point, machine } = recorder.checkpoint();
    const pages = machine.pages.with(2, { bytes: flipped(machine.pages[2], 0x24) });
    const replayer = newReplayer(run);
    replayer.feed(recording.entries);
    drain(replayer);
    const compare = (): void =>
      replayer.compareCheckpoint({ point, machine: { ...machine, pages } });
    expect(compare).toThrow(Divergence);
    expect(compare).toThrow(/page 0x2 offset 0x24: expected 0x.., got 0x../);
  });
});

function flipped(page: Page | undefined, at: number): Uint8Array {
  const bytes = page?.bytes.slice() ?? new Uint8Array(4096);
  bytes[at]! ^= 1;
  return bytes;
}

describe('the first difference', () => {
  const cpu = new Uint8Array(8 + 4 * 28 + 1);
  const snapshot: Snapshot = { count: 5, cpu, devices: {}, pages: [undefined] };
  const withCpu = (at: number): Snapshot => ({ ...snapshot, cpu: cpu.with(at, 1) });

  it('of equal snapshots is none, and a page of zeros equals an untouched one', () => {
    expect(firstDifference(snapshot, snapshot)).toBeUndefined();
    const zeros = { ...snapshot, pages: [{ bytes: new Uint8Array(4096) }] };
    expect(firstDifference(snapshot, zeros)).toBeUndefined();
  });

  it('names registers, fields of devices and the count', () => {
    expect(firstDifference(snapshot, withCpu(8))).toEqual({
      field: 'eax',
      expected: '0x00000000',
      got: '0x00000001',
    });
    expect(firstDifference(snapshot, withCpu(8 + 4 * 27))?.field).toBe('eflags');
    expect(firstDifference(snapshot, withCpu(8 + 4 * 28))?.field).toBe('reading');
    const uart = (ier: number): Snapshot => ({ ...snapshot, devices: { uart: { ier, fifo: [] } } });
    expect(firstDifference(uart(1), uart(3))).toEqual({
      field: 'device uart.ier',
      expected: '1',
      got: '3',
    });
    expect(firstDifference(snapshot, { ...snapshot, count: 6 })?.field).toBe('instruction count');
  });
});
