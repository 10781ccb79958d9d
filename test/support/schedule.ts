/**
 * Random schedules of what reaches a machine from outside, and a loop that records a machine under
 * one: slices of random length, time that passes in random steps, packets, console bytes and disk
 * completions at random moments. Everything follows from a seed.
 */
import { Prng } from '../../src/base/prng.ts';
import type { Reading } from '../../src/cpu/bus.ts';
import type { LogEntry, Slice, Sources } from '../../src/hypervisor/entry.ts';
import type { Recorder } from '../../src/hypervisor/recorder.ts';
import type { DiskRequest, Output } from '../../src/machine/output.ts';

/** Sources that answer from a seed; clocks go forward by random steps. */
export function randomSources(seed: number): Sources {
  const prng = new Prng(seed);
  let clock = BigInt(prng.below(1_000_000));
  return {
    read(need): Reading {
      if (need.kind === 'entropy') return { kind: 'entropy', bytes: prng.bytes(need.size) };
      clock += BigInt(prng.below(5000));
      return { kind: need.kind, value: clock };
    },
  };
}

export interface Recording {
  readonly entries: readonly LogEntry[];
  readonly outputs: readonly Output[];
  readonly slices: readonly Slice[];
}

/** What a recording under a random schedule may do; each is a mean per slice. */
export interface Schedule {
  readonly seed: number;
  readonly slices: number;
  /** Largest slice, in instructions. */
  readonly maxSlice: number;
  /** Offered with this probability before each slice. */
  readonly packet: number;
  readonly console: number;
}

/** Records `schedule.slices` slices, or until the guest ends. */
export function recordSchedule(recorder: Recorder, schedule: Schedule, nowNs = 0): Recording {
  const prng = new Prng(schedule.seed);
  const entries: LogEntry[] = [];
  const outputs: Output[] = [];
  const slices: Slice[] = [];
  let pending: DiskRequest[] = [...recorder.machine.pendingIo()];
  let now = nowNs;
  for (let i = 0; i < schedule.slices; i++) {
    if (prng.chance(schedule.packet)) {
      recorder.offer({ kind: 'packet', bytes: prng.bytes(14 + prng.below(100)) });
    }
    if (prng.chance(schedule.console)) {
      recorder.offer({ kind: 'console', bytes: prng.bytes(1 + prng.below(20)) });
    }
    pending = pending.filter((request) => {
      if (prng.chance(0.5)) return true;
      const ok = prng.chance(0.9);
      const data = request.op === 'read' && ok ? { data: prng.bytes(512 * request.sectors) } : {};
      recorder.offer({ kind: 'disk', id: request.id, ok, ...data });
      return false;
    });
    now += prng.below(20_000);
    const slice = recorder.slice(recorder.machine.count + prng.below(schedule.maxSlice), now);
    for (const output of slice.outputs) if (output.kind === 'disk') pending.push(output.request);
    entries.push(...slice.entries);
    outputs.push(...slice.outputs);
    slices.push(slice);
    if (slice.stop.why === 'exit' || slice.stop.why === 'fault') break;
  }
  return { entries, outputs, slices };
}
