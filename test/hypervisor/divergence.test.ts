/** No input can be lost, added or altered without the replayer noticing and naming its kind. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { Divergence } from '../../src/hypervisor/divergence.ts';
import { INPUT_KINDS, type LogEntry } from '../../src/hypervisor/entry.ts';
import { Replayer } from '../../src/hypervisor/replayer.ts';
import type { Input, InputKind } from '../../src/machine/input.ts';
import { hasher } from '../support/hasher.ts';
import { runs } from '../support/runs.ts';
import { ToyMachine } from '../support/toy-machine.ts';
import { drain, noSources, record, replay, type ToyRun, toyRun } from './toy.ts';

type InputEntry = Extract<LogEntry, { kind: 'input' }>;

/** The entries up to the last digest, so that each input has a digest after it. */
function upToDigest(run: ToyRun): LogEntry[] {
  const entries = [...record(run).recording.entries];
  while (entries.length > 0 && entries.at(-1)?.kind !== 'digest') entries.pop();
  return entries;
}

const renumbered = (entries: readonly LogEntry[]): LogEntry[] =>
  entries.map((entry, seq) => ({ ...entry, seq }));

function divergenceOf(run: ToyRun, entries: readonly LogEntry[]): Divergence | undefined {
  try {
    replay(run, renumbered(entries));
    return undefined;
  } catch (error) {
    if (error instanceof Divergence) return error;
    throw error;
  }
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at % bytes.length]! ^= 1 << (at & 7);
  return copy;
}

/** The input with something about its data changed. */
function altered(input: Input, at: number): Input {
  switch (input.kind) {
    case 'tick':
      return { kind: 'tick', timer: input.timer + 1 };
    case 'packet':
    case 'console':
    case 'entropy':
      return { kind: input.kind, bytes: flip(input.bytes, at) };
    case 'disk':
      return input.data && at % 2 === 0
        ? { ...input, data: flip(input.data, at >> 1) }
        : { ...input, ok: !input.ok };
    default:
      return { kind: input.kind, value: input.value ^ (1n << BigInt(at % 60)) };
  }
}

/** Runs `check` on an input of some run, chosen by `pick`; returns how often each kind came up. */
function forInputs(
  check: (run: ToyRun, entries: LogEntry[], entry: InputEntry, at: number) => void,
): Map<InputKind, number> {
  const kinds = new Map<InputKind, number>();
  fc.assert(
    fc.property(toyRun, fc.integer({ min: 0, max: 1_000_000 }), (run, at) => {
      const entries = upToDigest(run);
      const inputs = entries.filter((entry) => entry.kind === 'input');
      // One of the rarer kinds as often as one of the common ones.
      const present = INPUT_KINDS.filter((k) => inputs.some(({ input }) => input.kind === k));
      const prng = new Prng(at);
      const kind = present[prng.below(present.length || 1)];
      const ofKind = inputs.filter(({ input }) => input.kind === kind);
      const entry = ofKind[prng.below(ofKind.length || 1)];
      if (!entry) return;
      kinds.set(entry.input.kind, (kinds.get(entry.input.kind) ?? 0) + 1);
      check(run, entries, entry, at);
    }),
    { numRuns: runs(300) },
  );
  return kinds;
}

describe('a replay', () => {
  it('of a log that lacks an input diverges and names its kind', () => {
    const kinds = forInputs((run, entries, entry) => {
      const divergence = divergenceOf(
        run,
        entries.filter((other) => other !== entry),
      );
      expect(divergence?.details.cause).toEqual({ what: 'missing', kinds: [entry.input.kind] });
      expect(divergence?.details.count).toBeGreaterThanOrEqual(entry.count);
    });
    expect([...kinds.keys()].sort()).toEqual([...INPUT_KINDS].sort());
  });

  it('of a log with an input too many diverges and names its kind', () => {
    forInputs((run, entries, entry) => {
      const divergence = divergenceOf(run, entries.toSpliced(entry.seq, 0, entry));
      expect(divergence?.details.cause).toEqual({ what: 'extra', kinds: [entry.input.kind] });
    });
  });

  it('of a log with other data in an input diverges and names its kind, or ends alike', () => {
    let harmless = 0;
    let total = 0;
    forInputs((run, entries, entry, at) => {
      const input = altered(entry.input, at);
      const divergence = divergenceOf(run, entries.with(entry.seq, { ...entry, input }));
      total++;
      if (!divergence) harmless++;
      else expect(divergence.details.cause.kinds).toContain(entry.input.kind);
    });
    expect(harmless).toBeLessThan(total / 10);
  });

  it('of a log with an input at another count diverges and names its kind, or ends alike', () => {
    let harmless = 0;
    let total = 0;
    forInputs((run, entries, entry) => {
      const count = entry.count + 1;
      const next = entries[entry.seq + 1];
      if (next && next.count < count) return;
      const divergence = divergenceOf(run, entries.with(entry.seq, { ...entry, count }));
      total++;
      if (!divergence) harmless++;
      else expect(divergence.details.cause.kinds).toContain(entry.input.kind);
    });
    expect(harmless).toBeLessThan(total / 10);
  });

  it('of a log that asks for nothing of the sources needs none', () => {
    fc.assert(
      fc.property(toyRun, (run) => {
        const { entries } = record(run).recording;
        expect(replay(run, entries).goLive(noSources).point.seq).toBe(entries.length);
      }),
    );
  });
});

describe('a divergence', () => {
  const run: ToyRun = {
    program: { seed: 11, rates: { tsc: 60 } },
    schedule: { seed: 5, slices: 40, maxSlice: 100, packet: 0.3, console: 0.3 },
    digestEvery: 300,
  };
  const entries = upToDigest(run);
  const find = (wanted: (entry: LogEntry) => boolean): LogEntry => {
    const entry = entries.find(wanted);
    if (!entry) throw new Error('the run has no such entry');
    return entry;
  };
  const without = (entry: LogEntry): LogEntry[] => entries.filter((other) => other !== entry);

  it('names instruction, entry, field, the expected, what came, and the last entries', () => {
    const lost = find((entry) => entry.kind === 'input' && entry.input.kind === 'tsc');
    const divergence = divergenceOf(run, without(lost));
    expect(divergence?.details.count).toBe(lost.count);
    expect(divergence?.details.seq).toBe(lost.seq);
    expect(divergence?.details.field).toBe('reading');
    expect(divergence?.message.split('\n')).toEqual([
      `divergence at instruction ${lost.count}, log entry ${lost.seq}`,
      expect.stringMatching(/^ {2}reading: expected .*, got the guest asks for tsc$/),
      '  likely cause: an input is missing from the log: tsc',
      '  last entries:',
      ...divergence!.details.recent.map(() => expect.stringMatching(/^ {4}#\d+ @\d+ \w/)),
    ]);
  });

  it('is noticed at an output that differs, before it could leave', () => {
    const output = find((entry) => entry.kind === 'output');
    if (output.kind !== 'output') throw new Error('unreachable');
    const hash = output.hash ^ 1n;
    const divergence = divergenceOf(run, entries.with(output.seq, { ...output, hash }));
    expect(divergence?.details).toMatchObject({ field: 'output hash', seq: output.seq });
    expect(divergenceOf(run, without(output))?.details.field).toBe('output');
    expect(divergenceOf(run, entries.toSpliced(output.seq, 0, output))?.details).toMatchObject({
      field: 'output ordinal',
      got: 'no output',
    });
  });

  it('of a guest that sleeps while the log goes on names what could wake it', () => {
    const program = { seed: 7, rates: { halt: 300, timer: 0, disk: 0 } };
    const asleep = { ...run, program, digestEvery: 1_000_000 };
    const all = record(asleep).recording.entries;
    const packets = all.filter((e) => e.kind === 'input' && e.input.kind === 'packet');
    const lost = packets.find(({ seq }) => all[seq + 1]!.count > all[seq]!.count);
    const divergence = divergenceOf(
      asleep,
      all.filter((entry) => entry !== lost),
    );
    expect(divergence?.details).toMatchObject({
      got: 'the guest has halted',
      cause: { what: 'missing', kinds: ['packet', 'console'] },
    });
  });

  it('with no input to blame says that the machine differs', () => {
    const digest = find((entry) => entry.kind === 'digest');
    const first = entries.slice(0, digest.seq + 1).filter((entry) => entry.kind === 'digest');
    const zeros = INPUT_KINDS.map(() => 0);
    const entry = { ...first[0]!, count: 0, digest: 'f'.repeat(32), inputs: zeros };
    expect(divergenceOf(run, [entry])?.details).toMatchObject({
      field: 'digest',
      cause: { what: 'none', kinds: [] },
    });
  });

  it('shows an event for an instruction already past to a replayer without lag', () => {
    const packet = find((entry) => entry.kind === 'input' && entry.input.kind === 'packet');
    const machine = new ToyMachine(run.program, hasher);
    const replayer = new Replayer({ machine, hasher, lag: false });
    replayer.feed(entries.slice(0, packet.seq));
    drain(replayer);
    replayer.slice(machine.count + 1);
    const ahead = machine.count > packet.count;
    replayer.feed([packet]);
    if (!ahead) throw new Error('the machine did not run ahead');
    expect(() => replayer.slice(Number.POSITIVE_INFINITY)).toThrow(/is past/);
  });
});
