/** The order in which a recorder lets things reach its machine, and what it refuses. */
import { describe, expect, it } from 'vitest';
import { BugError } from '../../src/base/assert.ts';
import { MAX_QUEUED_CONSOLE_BYTES, MAX_QUEUED_PACKETS } from '../../src/base/limits.ts';
import type { Reading } from '../../src/cpu/bus.ts';
import { kindOf } from '../../src/hypervisor/log-statistics.ts';
import { Recorder } from '../../src/hypervisor/recorder.ts';
import type { Input } from '../../src/machine/input.ts';
import type { Machine, Stop, Timer } from '../../src/machine/types.ts';
import { hasher } from '../support/hasher.ts';
import { randomSources } from '../support/schedule.ts';
import { TOY_RING, ToyMachine, type ToyOp, type ToyProgram } from '../support/toy-machine.ts';

const packet = (byte: number): Input => ({ kind: 'packet', bytes: Uint8Array.of(byte) });
const typed = (length: number): Input => ({ kind: 'console', bytes: new Uint8Array(length) });

/** A toy that only does what `rates` say. */
function only(rates: Partial<Record<ToyOp, number>>): ToyProgram {
  const none = Object.fromEntries(
    ['store', 'load', 'tsc', 'timeNs', 'timeOfDay', 'entropy', 'frame', 'console', 'disk']
      .concat(['receive', 'getc', 'timer', 'toggle', 'halt'])
      .map((op) => [op, 0]),
  );
  return { seed: 1, rates: { ...none, ...rates } };
}

function recorderOf(program: ToyProgram, digestEvery?: number): Recorder {
  const machine = new ToyMachine(program, hasher);
  const more = digestEvery === undefined ? {} : { digestEvery };
  return new Recorder({ machine, sources: randomSources(1), hasher, ...more });
}

describe('at the beginning of a slice', () => {
  it('control operations come first, then ticks that are due, then inputs in order', () => {
    const recorder = recorderOf(only({ timer: 1024 }));
    recorder.slice(1, 0);
    expect(recorder.machine.timers()).toHaveLength(1);
    recorder.offer(typed(3));
    recorder.offer(packet(1));
    recorder.offer(packet(2));
    recorder.control({ op: 'power-off' });
    const { entries } = recorder.slice(1, 1e9);
    expect(entries.map(kindOf)).toEqual(['control', 'tick', 'console', 'packet', 'packet']);
    expect(entries.every(({ count }) => count === 1)).toBe(true);
  });

  it('every timer that is due ticks once, the earliest deadline first', () => {
    const applied: Input[] = [];
    const timers: Timer[] = [
      { timer: 0, deadlineNs: 700 },
      { timer: 1, deadlineNs: 500 },
      { timer: 2, deadlineNs: 701 },
      { timer: 3, deadlineNs: 500 },
    ];
    const machine = fakeMachine({ timers: () => timers, apply: (input) => applied.push(input) });
    const recorder = new Recorder({ machine, sources: randomSources(1), hasher });
    expect(recorder.slice(0, 40).deadlineNs).toBe(40 + 500);
    recorder.slice(0, 40 + 700);
    expect(applied).toEqual([1, 3, 0].map((timer) => ({ kind: 'tick', timer })));
  });

  it('an input that has no room waits, behind it those of its kind, and no others', () => {
    const recorder = recorderOf(only({}));
    for (let i = 0; i <= TOY_RING; i++) recorder.offer(packet(i));
    recorder.offer(typed(1));
    const { entries } = recorder.slice(10, 0);
    expect(entries.map(kindOf)).toEqual([...Array(TOY_RING).fill('packet'), 'console']);
    expect(recorder.slice(20, 0).entries).toEqual([]);
    expect(recorder.state().inputs).toEqual([packet(TOY_RING)]);
  });
});

describe('a guest that halts while an input waits', () => {
  it('is given it in the same slice when it has made room', () => {
    const recorder = recorderOf(only({ receive: 512, halt: 64 }));
    for (let i = 0; i < 3 * TOY_RING; i++) recorder.offer(packet(i));
    const { entries, stop } = recorder.slice(10_000, 0);
    expect(stop.why).toBe('halted');
    expect(new Set(entries.map(({ count }) => count)).size).toBeGreaterThan(1);
    const waits = recorder.state().inputs.length > 0;
    expect(waits && recorder.machine.accepts('packet')).toBe(false);
  });
});

describe('the queue', () => {
  it('drops the newest packets when it is full, before they are logged', () => {
    const recorder = recorderOf(only({}));
    const offers = Array.from({ length: MAX_QUEUED_PACKETS + 5 }, (_, i) =>
      recorder.offer(packet(i)),
    );
    expect(offers.indexOf(false)).toBe(MAX_QUEUED_PACKETS);
    expect(recorder.offer({ kind: 'packet', bytes: new Uint8Array(2000) })).toBe(false);
    expect(recorder.slice(1, 0).entries).toHaveLength(TOY_RING);
    expect(recorder.offer(packet(0))).toBe(true);
  });

  it('cuts console bytes into pieces of a FIFO and refuses what is far too much', () => {
    const recorder = recorderOf(only({}));
    expect(recorder.offer(typed(40))).toBe(true);
    const pieces = recorder.state().inputs.map((input) => 'bytes' in input && input.bytes.length);
    expect(pieces).toEqual([16, 16, 8]);
    expect(recorder.offer(typed(MAX_QUEUED_CONSOLE_BYTES))).toBe(false);
  });

  it('drops a disk completion that comes twice or that nobody asked for', () => {
    const recorder = recorderOf(only({ disk: 1024 }));
    const { outputs } = recorder.slice(100, 0);
    const [output] = outputs;
    if (output?.kind !== 'disk') throw new Error('a disk request expected');
    const { id, op, sectors } = output.request;
    const data = op === 'read' ? { data: new Uint8Array(512 * sectors) } : {};
    const completion: Input = { kind: 'disk', id, ok: true, ...data };
    expect(recorder.offer({ ...completion, id: id + 1 })).toBe(false);
    expect(recorder.offer(completion)).toBe(true);
    expect(recorder.offer(completion)).toBe(false);
    recorder.slice(recorder.machine.count, 0);
    expect(recorder.offer(completion)).toBe(false);
  });

  it('takes neither ticks nor readings: they come from timers and sources', () => {
    const recorder = recorderOf(only({}));
    expect(() => recorder.offer({ kind: 'tick', timer: 0 })).toThrow(BugError);
    expect(() => recorder.offer({ kind: 'tsc', value: 1n })).toThrow(BugError);
  });
});

describe('a need', () => {
  it('is answered at its count, and the reading is the last entry before the instruction', () => {
    const recorder = recorderOf(only({ tsc: 1024 }), 1);
    const { entries, count } = recorder.slice(5, 0);
    expect(count).toBe(5);
    const kinds = entries.map((entry) => `${entry.count} ${kindOf(entry)}`);
    const expected = [0, 1, 2, 3, 4].flatMap((at) => [`${at} tsc`, `${at + 1} digest`]);
    expect(kinds).toEqual(expected);
  });

  it('answered with another kind or size is a bug of the sources', () => {
    const machine = new ToyMachine(only({ entropy: 1024 }), hasher);
    const read = (): Reading => ({ kind: 'entropy', bytes: new Uint8Array(99) });
    const recorder = new Recorder({ machine, sources: { read }, hasher });
    expect(() => recorder.slice(5, 0)).toThrow(BugError);
  });

  it('that comes back after its reading is a bug of the machine, not a slice without end', () => {
    const stop: Stop = { why: 'needs-input', need: { kind: 'tsc' } };
    const machine = fakeMachine({ run: () => stop });
    const recorder = new Recorder({ machine, sources: randomSources(1), hasher });
    expect(() => recorder.slice(5, 0)).toThrow(/two readings for one instruction/);
  });
});

/** A machine that does nothing, but for `doors`. */
function fakeMachine(doors: {
  run?: () => Stop;
  timers?: () => Timer[];
  apply?: (input: Input) => void;
}): Machine {
  const snapshot = { count: 0, cpu: new Uint8Array(0), devices: {}, pages: [] };
  return {
    count: 0,
    run: () => ({ why: 'budget' }),
    timers: () => [],
    apply: () => {},
    accepts: () => true,
    takeOutputs: () => [],
    pendingIo: () => [],
    snapshot: () => snapshot,
    restore: () => {},
    digest: () => '',
    ...doors,
  };
}
