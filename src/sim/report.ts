/**
 * Tables that a scenario asks for under `report`, beside its verdict:
 *   deliveries   every input, with instruction, address and state at which each host was given it
 *   examination  of hosts that left the path of the log: where, and what was wrong
 *   exits        how often the guest gave control to its hypervisor, and for what
 *   reigns       who ran the machine from when on, and what was in vain when he died
 *   waits        how long each client waited for its answers
 *   protection   how the machine was given its next backups, and what that took
 *   refusals     messages that replicas have not taken, and why
 */
import type { HostId } from '../ft/ports.ts';
import { describeFinding } from '../hypervisor/examination.ts';
import { ownerOf } from './lives.ts';
import type { Violation } from './trace.ts';
import type { Delivery } from './watched-machine.ts';
import type { World } from './world.ts';

/** What can be reported. */
export const REPORTS = [
  'deliveries',
  'examination',
  'exits',
  'reigns',
  'waits',
  'protection',
  'refusals',
] as const;
export type ReportKind = (typeof REPORTS)[number];

/** A table: the first row are its heads. */
export interface Report {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
}

/** What was observed of a host's machine; plain data. */
export interface Observed {
  deliveries: Delivery[];
  /** Times by reason. */
  exits: Record<string, number>;
}

/** Nothing observed yet. */
export const newObserved = (): Observed => ({ deliveries: [], exits: {} });

/** Rows of a table of deliveries; there may be very many. */
const MAX_ROWS = 24;
const SHOWN_DIGITS = 12;

/** The tables of a world that has ended. */
export function reportsOf(world: World): Report[] {
  return world.scenario.report.map((kind) => TABLES[kind](world));
}

const TABLES: Record<ReportKind, (world: World) => Report> = {
  deliveries,
  examination,
  exits,
  reigns,
  waits,
  protection,
  refusals,
};

function protection({ state }: World): Report {
  const heads = ['from, to', 'took, ms', 'rounds', 'bytes', 'outputs waited, ms'];
  const rows = state.protections.map(({ source, standby, beganNs, end }) => {
    const name = `${source}, ${standby}`;
    if (!end) return [name, 'not ended', '', '', ''];
    const took = inMs(end.atNs - beganNs);
    if (end.news.what !== 'protected') return [name, took, 'given up', '', ''];
    const { rounds, bytes, pauseNs } = end.news;
    return [name, took, `${rounds}`, `${bytes}`, inMs(pauseNs)];
  });
  return { title: 'how the machine was protected again', rows: [heads, ...rows] };
}

function refusals({ state }: World): Report {
  const rows = state.refusals.map(({ host, from, why, reason, atNs }) => [
    inMs(atNs),
    host,
    from,
    why,
    reason,
  ]);
  return { title: 'messages that were refused', rows: [['ms', 'at', 'of', '', ''], ...rows] };
}

/** A time of a table. */
export const inMs = (ns: number): string => (ns / 1e6).toFixed(3);

/** The first time that the machine was given another backup: how long it took, and its bytes. */
export function firstProtection({ state }: World): { tookNs: number; bytes: number } | undefined {
  for (const { beganNs, end } of state.protections) {
    if (end?.news.what !== 'protected') continue;
    return { tookNs: end.atNs - beganNs, bytes: end.news.bytes };
  }
  return undefined;
}

function examination({ state }: World): Report {
  const rows = Object.entries(state.findings).flatMap(([id, finding]) =>
    describeFinding(finding).map(([what, text], index) => [index === 0 ? id : '', what, text]),
  );
  return { title: 'examination, from the last state that a digest has confirmed', rows };
}

function deliveries({ state }: World): Report {
  const hosts = Object.entries(state.observed);
  const length = Math.max(...hosts.map(([, seen]) => seen.deliveries.length));
  const heads = hosts.map(([id]) => `${id}: instruction, next at, state`);
  const rows = Array.from({ length: Math.min(length, MAX_ROWS) }, (_, index) => [
    `${index + 1}`,
    hosts.map(([, seen]) => seen.deliveries[index]?.kind).find((kind) => kind !== undefined) ?? '',
    ...hosts.map(([, seen]) => describe(seen.deliveries[index])),
  ]);
  const left = length > MAX_ROWS ? `; the first ${MAX_ROWS} of ${length}` : '';
  return {
    title: `inputs as they were delivered${left}`,
    rows: [['', 'input', ...heads], ...rows],
  };
}

function describe(delivery: Delivery | undefined): string {
  if (!delivery) return '';
  const { count, eip, digest } = delivery;
  return `${count}  0x${eip.toString(16)}  ${digest.slice(0, SHOWN_DIGITS)}`;
}

/**
 * Each host that ran the machine. What it had executed beyond the point from which the next went on
 * was in vain: nobody has seen anything of it, or somebody has and it is gone.
 */
function reigns({ state, hosts }: World): Report {
  const all = state.reigns.filter(({ owner }, index) => state.reigns[index - 1]?.owner !== owner);
  const rows = all.map(({ host, owner, atNs, count }, index) => {
    const present = hosts.get(host)!;
    const { count: reached } = ownerOf(present) === owner ? present.state : state.past[owner]!;
    const next = all[index + 1];
    const lost = next ? `${Math.max(0, reached - next.count)}` : '';
    return [host, inMs(atNs), `${count}`, `${reached}`, lost];
  });
  const heads = ['', 'from, in ms', 'at instruction', 'reached instruction', 'of these in vain'];
  return { title: 'who ran the machine', rows: [heads, ...rows] };
}

/** The first answer is left out: before it the client has to find the guest's address. */
function waits({ state }: World): Report {
  const rows = state.clients.map(({ name, saw }) => {
    const times = saw
      .filter(({ repetition }) => !repetition)
      .slice(1)
      .map(({ askedNs, atNs }) => atNs - askedNs)
      .sort((a, b) => a - b);
    const [median, longest] = [times[(times.length - 1) >> 1], times.at(-1)];
    return [
      name,
      `${times.length}`,
      ...[median, longest].map((ns) => (ns === undefined ? '' : inMs(ns))),
    ];
  });
  const heads = ['', 'answers', 'median', 'longest'];
  return { title: 'time to an answer in ms, but for the first', rows: [heads, ...rows] };
}

/** What each kind of exit is, in the words of a manual. */
const MEANINGS: Readonly<Record<string, string>> = {
  budget: 'the hypervisor wanted it back: end of a stretch, or a digest to take',
  halted: 'HLT: nothing to do until an input comes',
  output: 'a frame, a disk request, console bytes or the exit left the machine',
  exit: 'the guest has ended',
  fault: 'the guest cannot go on',
  'needs tsc': 'RDTSC: the cycle counter is not part of the state',
  'needs entropy': 'RDRAND or the entropy device',
  'needs timeNs': 'the counter of the interval timer, read or set',
  'needs timeOfDay': 'the real-time clock',
};

function exits({ state }: World): Report {
  const hosts = Object.entries(state.observed);
  const reasons = [...new Set(hosts.flatMap(([, { exits: times }]) => Object.keys(times)))].sort();
  const inputs = [...new Set(hosts.flatMap(([, seen]) => seen.deliveries.map((d) => d.kind)))];
  const rows = [
    ['', ...hosts.map(([id]) => id), ''],
    ...reasons.map((reason) => [
      `exit: ${reason}`,
      ...hosts.map(([, seen]) => `${seen.exits[reason] ?? 0}`),
      MEANINGS[reason] ?? '',
    ]),
    ...inputs
      .sort()
      .map((kind) => [
        `entry: ${kind}`,
        ...hosts.map(([, seen]) => `${seen.deliveries.filter((d) => d.kind === kind).length}`),
        '',
      ]),
  ];
  return { title: 'what crossed the border between guest and hypervisor', rows };
}

/** Where deliveries are reported, the hosts must agree on each that both have had. */
export function judgeDeliveries({ scenario, state }: World): Omit<Violation, 'timeNs'>[] {
  if (!scenario.report.includes('deliveries')) return [];
  const [first, ...others] = Object.entries(state.observed);
  for (const [id, { deliveries: theirs }] of others) {
    const found = differs(first![0], first![1].deliveries, id, theirs);
    if (found !== undefined) return [{ checker: 'same-instruction', evidence: found }];
  }
  return [];
}

function differs(
  a: HostId,
  ours: readonly Delivery[],
  b: HostId,
  theirs: readonly Delivery[],
): string | undefined {
  for (let index = 0; index < Math.min(ours.length, theirs.length); index++) {
    const [one, other] = [ours[index]!, theirs[index]!];
    if (one.kind === other.kind && describe(one) === describe(other)) continue;
    const [here, there] = [one, other].map((seen) => `${seen.kind} at ${describe(seen)}`);
    return `input ${index + 1} was ${here} on ${a}, ${there} on ${b}`;
  }
  return undefined;
}
