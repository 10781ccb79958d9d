/** Arbitrary entries of a log, as the codec must carry them; they need not make sense together. */
import fc from 'fast-check';
import { INPUT_KINDS, type LogEntry } from '../../src/hypervisor/entry.ts';
import type { Input } from '../../src/machine/input.ts';
import type { Output } from '../../src/machine/output.ts';

const bytes = (min: number, max: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: min, maxLength: max });
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });

export const arbitraryInput: fc.Arbitrary<Input> = fc.oneof(
  fc.record({ kind: fc.constant('tick' as const), timer: fc.nat(15) }),
  fc.record({ kind: fc.constant('packet' as const), bytes: bytes(0, 100) }),
  fc.record({ kind: fc.constant('console' as const), bytes: bytes(1, 16) }),
  fc.record({ kind: fc.constant('entropy' as const), bytes: bytes(1, 20) }),
  fc.record(
    {
      kind: fc.constant('disk' as const),
      id: fc.nat(),
      ok: fc.boolean(),
      data: bytes(0, 64),
    },
    { requiredKeys: ['kind', 'id', 'ok'] },
  ),
  fc.record({ kind: fc.constantFrom('tsc', 'timeNs', 'timeOfDay'), value: u64 }),
);

const body = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('input' as const), input: arbitraryInput }),
  },
  fc.record({ kind: fc.constant('output' as const), step: fc.nat(50), hash: u64 }),
  fc.record({
    kind: fc.constant('digest' as const),
    digest: fc.string({
      unit: fc.constantFrom(...'0123456789abcdef'),
      minLength: 32,
      maxLength: 32,
    }),
    inputs: fc.array(fc.nat(), { minLength: INPUT_KINDS.length, maxLength: INPUT_KINDS.length }),
  }),
  fc.record({ kind: fc.constant('fault' as const), vector: fc.nat(255) }),
  fc.record({
    kind: fc.constant('control' as const),
    op: fc.oneof(
      fc.record({ op: fc.constantFrom('power-off' as const, 'switch-over' as const) }),
      fc.record({
        op: fc.constant('throttle' as const),
        percent: fc.integer({ min: 1, max: 100 }),
      }),
      fc.record({ op: fc.constant('snapshot' as const), name: fc.string({ maxLength: 64 }) }),
    ),
  }),
);

/** A contiguous piece of a log: sequence numbers without gaps, counts and ordinals that grow. */
export const arbitraryEntries: fc.Arbitrary<LogEntry[]> = fc
  .tuple(fc.nat(), fc.nat(), fc.array(fc.tuple(fc.nat({ max: 1 << 20 }), body)))
  .map(([first, start, bodies]) => {
    let count = start;
    let last = 0;
    return bodies.map(([delta, one], index) => {
      count += index === 0 ? 0 : delta;
      const place = { seq: first + index, count };
      if (one.kind !== 'output') return { ...place, ...one };
      last += one.step;
      return { ...place, kind: 'output', last, hash: one.hash };
    });
  });

export const arbitraryOutput: fc.Arbitrary<Output> = fc.oneof(
  fc.record({ kind: fc.constant('frame' as const), bytes: bytes(0, 100) }),
  fc.record({ kind: fc.constant('console' as const), offset: fc.nat(), bytes: bytes(0, 20) }),
  fc.record({ kind: fc.constant('exit' as const), status: fc.nat() }),
  fc
    .record({
      id: fc.nat(),
      disk: fc.nat(7),
      op: fc.constantFrom('read' as const, 'write' as const, 'flush' as const),
      sector: fc.nat(),
      sectors: fc.nat(8),
      data: bytes(0, 64),
    })
    .map(({ data, ...rest }) => ({
      kind: 'disk' as const,
      request: rest.op === 'write' ? { ...rest, data } : rest,
    })),
);
