/**
 * Random steps for the devices of a board (board-bench.ts): any access to any register, but mostly
 * such as mean something, and now and then what comes from outside. The board is that of SLOTS.
 */
import fc from 'fast-check';
import type { VirtioSpec } from '../../src/machine/types.ts';
import type { Access } from './access-guest.ts';
import type { BoardStep } from './board-bench.ts';
import { type ChainPlan, chainOf, DriverScript, type Piece } from './driver-script.ts';

export const RAM_BYTES = 0x8_0000;
export const SECTORS = 64;
export const SLOTS: readonly VirtioSpec[] = [
  { kind: 'net', mac: '52:54:00:12:34:56' },
  { kind: 'block', sectors: SECTORS },
  { kind: 'entropy' },
];

/** Steps that belong together. */
type Steps = fc.Arbitrary<BoardStep[]>;

const byte = fc.nat(255);
const access = (...parts: Access): BoardStep => ({ access: parts });
const out = (port: number, values: fc.Arbitrary<number>): Steps =>
  values.map((value) => [access('out1', port, value)]);
const read = (...ports: number[]): Steps =>
  fc.constantFrom(...ports).map((port) => [access('in1', port)]);
const pass = (ns: number): Steps => fc.nat(ns).map((time) => [{ pass: time }]);

const pic = (base: number): Steps => {
  const level = fc.nat(7);
  const command = fc.oneof(
    fc.constantFrom(0x20, 0xa0, 0x80, 0x00, 0x0a, 0x0b, 0x0c, 0x68, 0x48),
    level.chain((n) => fc.constantFrom(0x60 | n, 0xe0 | n, 0xc0 | n)),
    byte,
  );
  const initialise = fc
    .tuple(fc.constantFrom(0x10, 0x11, 0x12, 0x13), fc.constantFrom(0, 1, 3, 0x11, 0x13))
    .map(([icw1, icw4]) => [
      access('out1', base, icw1),
      ...[0x20, 4, icw4].map((word) => access('out1', base + 1, word)),
    ]);
  const mask = fc.oneof(fc.constant(0), byte);
  return fc.oneof(out(base, command), out(base + 1, mask), initialise, read(base, base + 1));
};

/** Requests on IRQ 0 and 4, acknowledges, and both controllers. */
export const picSteps: Steps = fc.oneof<Steps[]>(
  pic(0x20),
  pic(0xa0),
  out(0x3f9, fc.constantFrom(0, 2)),
  fc.constant([access('ack', 0)]),
  fc.constant([access('out1', 0x43, 0x14), access('out1', 0x40, 20)]),
  pass(100_000),
);

export const pitSteps: Steps = fc.oneof(
  out(0x43, byte),
  out(
    0x43,
    fc.tuple(fc.nat(2), fc.nat(15)).map(([n, mode]) => (n << 6) | 0x30 | mode),
  ),
  ...[0x40, 0x41, 0x42].map((port) => out(port, fc.oneof(fc.nat(40), byte))),
  fc
    .tuple(fc.constantFrom(0x34, 0x36, 0x30, 0x38), fc.nat(60), fc.nat(1))
    .map(([control, low, high]) => [
      access('out1', 0x43, control),
      access('out1', 0x40, low),
      access('out1', 0x40, high),
    ]),
  read(0x40, 0x41, 0x42, 0x43),
  pass(60_000),
);

export const uartSteps: Steps = fc.oneof(
  ...[0, 1, 2, 3, 4, 7].map((register) => out(0x3f8 + register, byte)),
  out(0x3fb, fc.constant(3)),
  out(0x3fa, fc.constantFrom(1, 0x41, 0x81, 0xc1, 7)),
  out(0x3fc, fc.constantFrom(0x10, 0x1f, 0)),
  read(...Array.from({ length: 8 }, (_, i) => 0x3f8 + i)),
  fc.array(byte, { maxLength: 20 }).map((list) => list.map((b) => access('out1', 0x3f8, b))),
  fc.uint8Array({ minLength: 1, maxLength: 16 }).map((bytes) => [{ console: bytes }]),
);

export const rtcSteps: Steps = fc.oneof(
  out(0x70, fc.oneof(fc.nat(14), fc.constantFrom(0x32, 0x0b, 0x80, 0x7f), byte)),
  out(0x71, fc.oneof(byte, fc.constantFrom(0, 2, 4, 6, 0x80))),
  read(0x70, 0x71, 0x71, 0x71),
  pass(1_500_000_000),
);

/** Accesses of any width to any port of the board, and around them. */
export const portSteps: Steps = fc
  .record({
    base: fc.constantFrom(0x20, 0xa0, 0x40, 0x70, 0x3f8, 0xfffe),
    offset: fc.integer({ min: -2, max: 8 }),
    kind: fc.constantFrom('in1', 'in2', 'in4', 'out1', 'out2', 'out4'),
    value: fc.nat(0xffff_ffff),
  })
  .map(({ base, offset, kind, value }) => [access(kind, (base + offset) & 0xffff, value)]);

const piece = (write: fc.Arbitrary<boolean>, ...lengths: number[]): fc.Arbitrary<Piece> =>
  fc.record({ length: fc.oneof(fc.nat(40), fc.constantFrom(...lengths)), write });
const oneIn = (n: number): fc.Arbitrary<boolean> => fc.nat(n - 1).map((value) => value === 0);
const reads = fc.constant(false);
const writes = fc.constant(true);
const either = fc.boolean();
const some = (each: fc.Arbitrary<Piece>): fc.Arbitrary<Piece[]> =>
  fc.array(each, { minLength: 1, maxLength: 4 });

/** Chains that the device in a slot can make sense of, by queue, and some that it cannot. */
const CHAINS: readonly (readonly fc.Arbitrary<ChainPlan>[])[] = [
  [
    chainOf(some(piece(writes, 12, 72, 1526, 2000))),
    chainOf(some(piece(reads, 12, 72, 1526, 2000))),
  ],
  [
    chainOf(
      fc.oneof(
        {
          weight: 4,
          arbitrary: fc
            .tuple(fc.constantFrom(512, 512, 512, 1024, 20), oneIn(3))
            .map(([length, read]) => [
              { length: 16, write: false },
              { length, write: !read },
              { length: 1, write: true },
            ]),
        },
        { weight: 1, arbitrary: some(piece(either, 1, 16, 512, 513)) },
      ),
    ),
  ],
  [chainOf(some(piece(writes, 64, 2000)))],
];

/** What a disk takes for a request; to the others it says nothing. */
type Header = readonly [type: number, sector: number];

const header: fc.Arbitrary<Header> = fc.tuple(
  fc.constantFrom(0, 0, 0, 0, 1, 1, 4, 8, 99),
  fc.constantFrom(0, 5, 5, 62, 62, 64, -1),
);

type DriverAction =
  | { readonly queues: number; readonly features: number }
  | {
      readonly queue: number;
      readonly plan: ChainPlan;
      readonly silent: boolean;
      readonly header: Header;
    }
  | { readonly notify: number }
  | { readonly register: number; readonly value: number }
  | { readonly kind: 'ld1' | 'ld2' | 'ld4'; readonly look: number }
  | { readonly poke: number; readonly word: number; readonly queue: number }
  | { readonly outside: BoardStep };

const registers = [0x14, 0x24, 0x20, 0x30, 0x38, 0x44, 0x50, 0x64, 0x70, 0x80, 0x84, 0x90, 0xa0];
const outside: fc.Arbitrary<BoardStep> = fc.oneof(
  fc.record({ packet: fc.uint8Array({ minLength: 14, maxLength: 80 }) }),
  fc.record({ disk: fc.boolean(), fill: byte }),
);

function actionOf(slot: number): fc.Arbitrary<DriverAction> {
  const queues = CHAINS[slot]!;
  const chains = queues.map((plans, queue) =>
    fc.record({ queue: fc.constant(queue), plan: plans, silent: oneIn(4), header }),
  );
  const queue = fc.nat(queues.length - 1);
  const numbers = fc.oneof(fc.nat(15), fc.constantFrom(0x0f, 0x0b, 0x4000_0000, 0xffff_ffff));
  return fc.oneof(
    { weight: 10, arbitrary: fc.oneof(...chains) },
    { weight: 6, arbitrary: fc.record({ outside }) },
    { weight: 2, arbitrary: fc.record({ notify: fc.nat(2) }) },
    {
      weight: 2,
      arbitrary: fc.record({ register: fc.constantFrom(...registers), value: numbers }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom('ld1', 'ld2', 'ld4'),
        look: fc.oneof(
          fc.nat(0x48).map((n) => 4 * n),
          fc.nat(0x1ff),
        ),
      }),
    },
    { weight: 2, arbitrary: fc.record({ poke: fc.nat(0x3fff), word: numbers, queue }) },
    // Most attacks end in a fault, after which only a reset makes another possible.
    {
      weight: 6,
      arbitrary: fc.record({
        queues: fc.constant(queues.length),
        features: fc.constantFrom(0, 1 << 28),
      }),
    },
  );
}

function perform(driver: DriverScript, steps: BoardStep[], action: DriverAction): void {
  if ('outside' in action) steps.push(action.outside);
  else if ('plan' in action) {
    const [type, sector] = action.header;
    for (const [i, word] of [type, 0, sector, sector < 0 ? -1 : 0].entries())
      steps.push(access('st4', driver.buffer(action.queue, 0) + 4 * i, word));
    driver.offer(action.queue, action.plan);
    if (!action.silent) driver.notify(action.queue);
  } else if ('queues' in action) driver.bringUp(action.queues, action.features);
  else if ('notify' in action) driver.notify(action.notify);
  else if ('register' in action) driver.register(action.register, action.value);
  else if ('look' in action) steps.push(access(action.kind, driver.base + action.look));
  else steps.push(access('st2', driver.descriptors(action.queue) + action.poke, action.word));
}

/** What a driver of the device in `slot` does after its bring-up, good and bad. */
export function driverSteps(slot: number, maxLength: number): Steps {
  return fc.array(actionOf(slot), { maxLength, size: 'max' }).map((actions) => {
    const steps: BoardStep[] = [];
    const driver = new DriverScript(slot, (each) => steps.push({ access: each }));
    driver.bringUp(CHAINS[slot]!.length);
    for (const action of actions) perform(driver, steps, action);
    return steps;
  });
}
