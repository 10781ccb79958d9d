/**
 * Random faults for random worlds: single ones of every kind at any moments, and storms, which are
 * few faults in the order in which one rule or another of protocol.md §4 counts. Blind chance finds
 * such an order too, but a thousand times more rarely.
 */
import type { Prng } from '../base/prng.ts';
import type { HostId } from '../ft/ports.ts';
import type { Action, Ends, FaultSpec, HostMoment, Trigger } from './faults.ts';

const MS = 1_000_000;
/** Faults begin in this time, and last no longer than that, in ns. */
export const FAULTS_NS = 300 * MS;
export const MAX_FAULT_NS = 300 * MS;

/** What faults are drawn for. */
export interface Victims {
  readonly hosts: readonly HostId[];
  readonly failureTimeoutNs: number;
  /** Whether the guest has a disk, and bears requests that fail. */
  readonly hasDisk: boolean;
  readonly bearsErrors: boolean;
}

/** An element of a list that is not empty. */
export const pick = <T>(prng: Prng, list: readonly T[]): T => list[prng.below(list.length)]!;
/** A whole number, both bounds included. */
export const between = (prng: Prng, least: number, most: number): number =>
  least + prng.below(most - least + 1);

/** The faults of one world. */
export function drawFaults(prng: Prng, victims: Victims): FaultSpec[] {
  if (prng.chance(0.1)) return [drawFlip(prng)];
  const storm = prng.chance(0.5) ? drawStorm(prng, victims) : [];
  const others = Array.from({ length: between(prng, 1, 3) }, () => drawFault(prng, victims));
  return [...storm, ...others.flat()];
}

/** One bit of the backup's memory, where guests lie. It comes alone: then no fault may show. */
function drawFlip(prng: Prng): FaultSpec {
  const address = 0x10_0000 + prng.below(0x4000);
  const timeNs = prng.below(FAULTS_NS);
  return {
    at: { on: 'time', timeNs },
    action: { do: 'flip', host: 'beta', address, bit: prng.below(8) },
  };
}

type Storm = (prng: Prng, victims: Victims, atNs: number) => FaultSpec[];

function drawStorm(prng: Prng, victims: Victims): FaultSpec[] {
  const few = victims.hosts.length < 3;
  const storms = few ? [lateOutputs, lateSleeper] : [lateOutputs, lateSleeper, lateAcks, lateCut];
  return pick(prng, storms)(prng, victims, between(prng, 10 * MS, FAULTS_NS / 2));
}

const at = (timeNs: number, action: Action): FaultSpec => ({
  at: { on: 'time', timeNs: Math.round(timeNs) },
  action,
});

const cut = (a: string, b: string, forNs: number): Action => ({
  do: 'cut',
  between: [a, b],
  forNs: Math.round(forNs),
});

/**
 * The primary cannot reach disk, gateway or backup for a while, and then or soon after that it
 * dies, is suspected, or starts again: what it has sent comes late.
 */
const lateOutputs: Storm = (prng, { hosts, failureTimeoutNs }, atNs) => {
  const [host, peer] = hosts as readonly [HostId, HostId];
  const forNs = between(prng, 30 * MS, MAX_FAULT_NS);
  const action = pick<Action>(prng, [
    { do: 'crash', host, losing: 'outputs-too' },
    { do: 'break', between: [host, peer] },
    { do: 'restart', host },
    { do: 'pause', host, forNs },
  ]);
  const cutOff = cut(host, pick(prng, ['disk', 'gateway', peer]), forNs);
  if (prng.chance(0.5)) {
    const trigger = { on: 'output', host, number: between(prng, 2, 30) } as const;
    return [
      { at: trigger, action: cutOff },
      { at: trigger, action },
    ];
  }
  return [at(atNs, cutOff), at(atNs + prng.below(2 * failureTimeoutNs), action)];
};

/** The primary stands still, and wakes when neither it nor the gateway knows its successor. */
const lateSleeper: Storm = (prng, { hosts, failureTimeoutNs }, atNs) => {
  const [host, peer] = hosts as readonly [HostId, HostId];
  const forNs = failureTimeoutNs + prng.below(failureTimeoutNs);
  return [
    at(atNs, cut(host, 'arbiter', 4 * failureTimeoutNs)),
    at(atNs, cut(peer, 'gateway', 4 * failureTimeoutNs)),
    at(atNs, { do: 'pause', host, forNs }),
  ];
};

/** Acknowledgements of the first backup come when those of the second are awaited. */
const lateAcks: Storm = (prng, { hosts, failureTimeoutNs }) => {
  const [host, peer, next] = hosts as readonly [HostId, HostId, HostId];
  const atNs = between(prng, 5 * MS, 40 * MS);
  const delayNs = Math.round(0.4 * failureTimeoutNs);
  return [
    at(atNs, { do: 'delay', between: [host, peer], delayNs }),
    at(atNs, { do: 'delay', between: [host, next], delayNs }),
    at(atNs, cut(peer, 'arbiter', 12 * failureTimeoutNs)),
    at(
      atNs + 0.6 * failureTimeoutNs,
      cut(host, peer, 2 * failureTimeoutNs + prng.below(8 * failureTimeoutNs)),
    ),
  ];
};

/** The backup dies; its successor is cut off about when it gets the last message. */
const lateCut: Storm = (prng, { hosts, failureTimeoutNs }, atNs) => {
  const [host, peer, next] = hosts as readonly [HostId, HostId, HostId];
  const received = { on: 'received', host: next, number: between(prng, 2, 6) } as const;
  const laterNs = Math.round(atNs + failureTimeoutNs + prng.below(failureTimeoutNs));
  return [
    at(atNs, { do: 'crash', host: peer, losing: 'messages' }),
    {
      at: prng.chance(0.5) ? received : { on: 'time', timeNs: laterNs },
      action: cut(host, next, 4 * failureTimeoutNs),
    },
  ];
};

type Draw = (prng: Prng, victims: Victims, host: HostId, forNs: number) => Action;

/** A disk that is slow, silent, or fails requests: of everybody, or of one host. */
const drawDisk: Draw = (prng, { hosts, bearsErrors }, _, forNs) => {
  const modes = ['slow', 'down', ...(bearsErrors ? ['failing' as const] : [])] as const;
  const mode = pick(prng, modes);
  const only = mode === 'failing' && prng.chance(0.5) ? { only: pick(prng, hosts) } : {};
  return { do: 'disk', mode, ...only, forNs };
};

/** How a single fault is drawn: each line as likely as the others. */
const DRAWS: readonly Draw[] = [
  (_, __, host) => ({ do: 'crash', host, losing: 'messages' }),
  (_, __, host) => ({ do: 'crash', host, losing: 'outputs-too' }),
  (_, __, host) => ({ do: 'restart', host }),
  (_, __, host, forNs) => ({ do: 'pause', host, forNs }),
  (prng, victims, _, forNs) => ({ do: 'cut', between: drawEnds(prng, victims), forNs }),
  (prng, victims, _, forNs) => {
    const ends = drawEnds(prng, victims);
    const from = prng.chance(0.5) ? ends : ([ends[1], ends[0]] as const);
    return { do: 'cut', between: from, oneWay: true, forNs };
  },
  (prng, victims, _, forNs) => ({ do: 'stall', between: drawEnds(prng, victims), forNs }),
  (prng, victims) => ({ do: 'break', between: drawPair(prng, victims) }),
  (prng, victims) => {
    return { do: 'delay', between: drawEnds(prng, victims), delayNs: prng.below(20 * MS) };
  },
  drawDisk,
  (prng, _, __, forNs) => {
    return { do: 'arbiter', mode: pick(prng, ['down', 'loses-answers'] as const), forNs };
  },
  (prng, victims) => {
    return { do: 'damage', between: drawPair(prng, victims), bit: prng.below(1 << 16) };
  },
  (prng, _, host) => ({ do: 'jump', host, byNs: between(prng, -500 * MS, 500 * MS) }),
  () => ({ do: 'switch-over' }),
];

/** The primary and another host. */
const drawPair = (prng: Prng, { hosts }: Victims): Ends => [hosts[0]!, pick(prng, hosts.slice(1))];

function drawEnds(prng: Prng, victims: Victims): Ends {
  if (prng.chance(0.5)) return drawPair(prng, victims);
  return [pick(prng, victims.hosts), pick(prng, ['disk', 'arbiter', 'gateway'])];
}

/** The primary and another host, or any two, of which the first may yet be a primary. */
function drawChannel(prng: Prng, victims: Victims): Ends {
  if (prng.chance(0.75)) return drawPair(prng, victims);
  const from = pick(prng, victims.hosts);
  const others = victims.hosts.filter((host) => host !== from);
  return [from, pick(prng, others)];
}

const LATER_DRAWS: readonly Draw[] = [
  (prng, victims) => ({ do: 'repeat', between: drawChannel(prng, victims) }),
  (_, __, host) => ({ do: 'forge', host }),
  (_, __, host) => ({ do: 'break', between: [host, 'disk'] }),
];

/**
 * Kinds of faults that came when seeds had been run already. They are drawn from a generator of
 * their own, so that whatever a seed drew before it still draws; here it may get one or two more.
 */
export function drawLaterFaults(
  prng: Prng,
  victims: Victims,
  before: readonly FaultSpec[],
): FaultSpec[] {
  if (before.some(({ action }) => action.do === 'flip') || !prng.chance(0.25)) return [];
  return Array.from({ length: between(prng, 1, 2) }, () => {
    const host = pick(prng, victims.hosts);
    const forNs = between(prng, 1 * MS, MAX_FAULT_NS);
    return {
      at: drawTrigger(prng, host),
      action: pick(prng, LATER_DRAWS)(prng, victims, host, forNs),
    };
  });
}

/** A fault; half of the crashes are followed by a restart. */
function drawFault(prng: Prng, victims: Victims): FaultSpec[] {
  const host = pick(prng, victims.hosts);
  const forNs = between(prng, 1 * MS, MAX_FAULT_NS);
  if (victims.hasDisk && prng.chance(0.3)) {
    return [at(prng.below(FAULTS_NS / 3), drawDisk(prng, victims, host, forNs))];
  }
  const fault = {
    at: drawTrigger(prng, host),
    action: pick(prng, DRAWS)(prng, victims, host, forNs),
  };
  if (fault.action.do !== 'crash' || prng.chance(0.5)) return [fault];
  return [fault, at(prng.below(FAULTS_NS + MAX_FAULT_NS), { do: 'restart', host })];
}

const MOMENTS: readonly HostMoment[] = [
  'entry',
  'message',
  'received',
  'output',
  'delivered',
  'ask',
];

function drawTrigger(prng: Prng, host: HostId): Trigger {
  if (prng.chance(0.4)) return { on: 'time', timeNs: prng.below(FAULTS_NS) };
  const number = between(prng, 1, 40);
  const trigger = { on: pick(prng, MOMENTS), host, number };
  return prng.chance(0.5) ? { ...trigger, before: true } : trigger;
}
