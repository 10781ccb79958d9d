/** A scenario for the toy machine, on which every kind of input and output happens often. */
import fc from 'fast-check';
import type { Action, FaultSpec, Trigger } from '../../src/sim/faults.ts';
import type { RunParts } from '../../src/sim/run.ts';
import { parseScenario, type Scenario } from '../../src/sim/scenario.ts';
import { hasher } from '../support/hasher.ts';
import { ToyMachine, type ToyProgram } from '../support/toy-machine.ts';

const MS = 1_000_000;
/**
 * Runs of toy machines; each scenario's seed is the machine's program. It sleeps now and then,
 * until the disk or somebody at the keyboard wakes it; one program in four has a timer, which ticks
 * at almost every instruction.
 */
export function toyParts(program: Partial<ToyProgram> = {}): RunParts {
  return {
    makeMachine: ({ seed }) => {
      const rates = { halt: 1, getc: 60, timer: seed % 4 === 0 ? 1 : 0 };
      return new ToyMachine({ seed, rates, ...program }, hasher);
    },
    hasher,
  };
}

/** Two hosts and somebody who types every 500 µs; 30 ms of faults, 30 ms after them. */
const TEXT = `
name: toy
guest: { image: toy, ns-per-instruction: 20000, digest-every: 200 }
timing: { heartbeat: 1ms, failure-timeout: 5ms, retry: 1ms, flush: 100us }
network: { arbiter: 100us, datagram-loss: 0.2, datagram-duplication: 0.1, datagram-jitter: 1ms }
safety: 30ms
liveness: 30ms
`;

export function toyScenario(seed: number, faults: readonly FaultSpec[] = []): Scenario {
  const typing = Array.from({ length: 120 }, (_, index) => ({
    atNs: index * 500_000,
    bytes: Uint8Array.of(index & 0xff),
  }));
  return { ...parseScenario(TEXT, 'toy.yaml'), seed, faults, typing };
}

/** The toy on so many hosts: a primary, its backup, standbys. */
export function toyGroup(hosts: number, seed: number, faults: readonly FaultSpec[] = []): Scenario {
  const ids = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'].slice(0, hosts);
  const clock = { offsetNs: 0, driftPpm: 0 };
  return { ...toyScenario(seed, faults), hosts: ids.map((id) => ({ id, place: id, clock })) };
}

const losing = fc.constantFrom('messages' as const, 'outputs-too' as const);
const forNs = fc.integer({ min: 100_000, max: 12 * MS });

const triggerAmong = (hosts: readonly string[]): fc.Arbitrary<Trigger> =>
  fc.oneof(
    fc.record({ on: fc.constant('time' as const), timeNs: fc.integer({ min: 0, max: 25 * MS }) }),
    fc.record({
      on: fc.constantFrom(
        'count' as const,
        'entry' as const,
        'message' as const,
        'output' as const,
      ),
      host: fc.constantFrom(...hosts),
      number: fc.oneof(fc.nat(60), fc.nat(1500)),
    }),
  );

function actionAmong(hosts: readonly string[]): fc.Arbitrary<Action> {
  const host = fc.constantFrom(...hosts);
  const two = fc.shuffledSubarray([...hosts], { minLength: 2, maxLength: 2 });
  const pair = two.map(([a, b]) => [a!, b!] as const);
  const end = fc.constantFrom('disk', 'arbiter', 'gateway');
  const ends = fc.oneof(pair, fc.tuple(host, end));
  return fc.oneof(
    fc.record({ do: fc.constant('crash' as const), host, losing }),
    fc.record({ do: fc.constant('restart' as const), host }),
    fc.record({ do: fc.constant('pause' as const), host, forNs }),
    fc.record({ do: fc.constant('cut' as const), between: ends, forNs }),
    fc.record({
      do: fc.constant('cut' as const),
      between: ends,
      oneWay: fc.constant(true as const),
      forNs,
    }),
    fc.record({ do: fc.constant('stall' as const), between: ends, forNs }),
    fc.record({ do: fc.constant('damage' as const), between: pair, bit: fc.nat(5000) }),
    fc.record({ do: fc.constant('repeat' as const), between: pair }),
    fc.record({ do: fc.constant('forge' as const), host }),
    fc.record({
      do: fc.constant('jump' as const),
      host,
      byNs: fc.integer({ min: -12 * MS, max: 12 * MS }),
    }),
    fc.record({ do: fc.constant('break' as const), between: pair }),
    fc.record({
      do: fc.constant('break' as const),
      between: fc.tuple(host, fc.constant('disk')),
    }),
    fc.record({ do: fc.constant('delay' as const), between: ends, delayNs: forNs }),
    fc.record({
      do: fc.constant('disk' as const),
      mode: fc.constantFrom('slow' as const, 'failing' as const, 'down' as const),
      forNs,
    }),
    fc.record({
      do: fc.constant('disk' as const),
      mode: fc.constant('failing' as const),
      only: host,
      forNs,
    }),
    fc.record({
      do: fc.constant('arbiter' as const),
      mode: fc.constantFrom('down' as const, 'loses-answers' as const),
      forNs,
    }),
    fc.constantFrom(
      { do: 'power-off' as const },
      { do: 'switch-over' as const },
      { do: 'throttle' as const, percent: 40 },
      { do: 'snapshot' as const, name: 'here' },
    ),
  );
}

/** Any fault at any kind of moment, of these hosts. */
export const faultAmong = (hosts: readonly string[]): fc.Arbitrary<FaultSpec> =>
  fc.record({ at: triggerAmong(hosts), action: actionAmong(hosts) });

/** Any fault of the two hosts of a toy. */
export const anyFault = faultAmong(['alpha', 'beta']);

/**
 * What may differ from installation to installation: the policy for frames in doubt, room in the
 * buffers, patience, and a backup whose clock is off and drifts by up to 5 %.
 */
export const settings: fc.Arbitrary<Partial<Scenario>> = fc
  .record({
    uncertain: fc.constantFrom('resend' as const, 'drop' as const, 'resend-tcp-drop-udp' as const),
    reads: fc.constantFrom('log' as const, 'local' as const),
    offsetNs: fc.nat(20 * MS),
    driftPpm: fc.integer({ min: -50_000, max: 50_000 }),
    channelBytes: fc.constantFrom(100, 1_000_000),
    bufferEntries: fc.constantFrom(3, 100_000),
    flushNs: fc.constantFrom(0, 3 * MS),
  })
  .map(({ uncertain, reads, offsetNs, driftPpm, channelBytes, bufferEntries, flushNs }) => {
    const { hosts, limits, timing } = toyScenario(0);
    return {
      uncertain,
      reads,
      hosts: [hosts[0]!, { id: 'beta', place: 'beta', clock: { offsetNs, driftPpm } }],
      limits: { ...limits, channelBytes, bufferEntries },
      timing: { ...timing, flushNs },
    };
  });

/** A crash of the primary or backup at any kind of moment. */
export const crash: fc.Arbitrary<FaultSpec> = fc.record({
  at: triggerAmong(['alpha', 'beta']),
  action: fc.record({
    do: fc.constant('crash' as const),
    host: fc.constantFrom('alpha', 'beta'),
    losing,
  }),
});

/** `trouble` begins, and a little later `action` happens. */
export const amid = (trouble: Action, action: Action): fc.Arbitrary<FaultSpec[]> =>
  fc.integer({ min: 0, max: 10 * MS }).map((timeNs): FaultSpec[] => [
    { at: { on: 'time', timeNs }, action: trouble },
    { at: { on: 'time', timeNs: timeNs + 2 * MS }, action },
  ]);

/** The primary cannot reach `end` for a while, and in the middle of it `action` happens. */
export const cutOff = (end: string, action: Action): fc.Arbitrary<FaultSpec[]> =>
  amid({ do: 'cut', between: ['alpha', end], forNs: 15 * MS }, action);
