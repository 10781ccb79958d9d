/**
 * Random worlds: a seed draws guest, clients, hosts, clocks, network, timing and faults. Whatever
 * is drawn, a machine with all rules on must satisfy every checker: only what the design promises
 * to survive is drawn, and limits that no rule removes are excused by the checkers themselves. A
 * flipped bit of a backup's memory comes alone: it must be noticed or do no harm.
 */
import { Prng } from '../base/prng.ts';
import type { HostId } from '../ft/ports.ts';
import type { ClientSpec } from './client.ts';
import type { Action, FaultSpec, HostMoment, Trigger } from './faults.ts';
import { parseScenario, type Scenario } from './scenario.ts';

const MS = 1_000_000;
/** Faults begin in this time, and last no longer than that; the safety phase is over after both. */
const FAULTS_NS = 300 * MS;
const MAX_FAULT_NS = 300 * MS;

const PLAIN: Readonly<Record<string, string>> = {
  kv: '{ guest: { image: kv, devices: [net] }, expect: { linearizable: kv }, name: soak-kv }',
  'udp-counter': '{ guest: { image: udp-counter, devices: [net] }, name: soak-counter }',
  lock: `{ guest: { image: lock, devices: [net] }, expect: { linearizable: lock },
           name: soak-lock }`,
  journal: `{ guest: { image: journal, command-line: records=30 batch=3, devices: [{ block: 40 }] },
              until-exit: on, name: soak-journal }`,
};

/** The guests of random worlds. */
export const SOAK_GUESTS: readonly string[] = Object.keys(PLAIN);

/** The world that `seed` draws; `guest` leaves no choice of the guest. */
export function randomScenario(seed: number, guest?: string): Scenario {
  const prng = new Prng(seed);
  const drawn = pick(prng, ['kv', 'kv', ...SOAK_GUESTS]);
  const image = guest ?? drawn;
  const plain = parseScenario(PLAIN[image]!, 'soak');
  const heartbeatNs = between(prng, 2 * MS, 15 * MS);
  const hosts = drawHosts(prng);
  const ids = hosts.map(({ id }) => id);
  return {
    ...plain,
    seed,
    hosts,
    clients: drawClients(prng, image),
    timing: {
      heartbeatNs,
      failureTimeoutNs: heartbeatNs * between(prng, 4, 8),
      retryNs: between(prng, 2 * MS, 20 * MS),
      flushNs: pick(prng, [0, 1 * MS, 3 * MS]),
    },
    limits: {
      ...plain.limits,
      channelBytes: pick(prng, [2000, 1_000_000]),
      bufferEntries: pick(prng, [5, 100_000]),
    },
    network: drawNetwork(prng, plain),
    faults: prng.chance(0.1) ? [drawFlip(prng)] : drawFaults(prng, ids),
    safetyNs: FAULTS_NS + MAX_FAULT_NS,
    livenessNs: 60_000 * MS,
  };
}

/** Whether a violation is what the drawn fault must lead to: a flipped bit that was noticed. */
export function isExcused({ faults }: Scenario, checker: string): boolean {
  return checker === 'divergence' && faults.some(({ action }) => action.do === 'flip');
}

/** What a scenario does to its world, in words that can be counted. */
export function kindsOf({ faults, hosts, network }: Scenario, fired: readonly boolean[]): string[] {
  const kinds = faults.flatMap(({ action }, index) => (fired[index] ? [kindOf(action)] : []));
  const { loss, duplication, jitterNs } = network.datagrams;
  if (loss > 0) kinds.push('datagrams lost');
  if (duplication > 0) kinds.push('datagrams duplicated');
  if (jitterNs > 0) kinds.push('datagrams reordered');
  if (hosts.some(({ clock }) => clock.driftPpm !== 0)) kinds.push('clocks drift');
  if (hosts.length > 2) kinds.push('standbys');
  return kinds;
}

function kindOf(action: Action): string {
  switch (action.do) {
    case 'crash':
      return action.losing === 'messages' ? 'crash' : 'crash, outputs lost';
    case 'disk':
    case 'arbiter':
      return `${action.do} ${action.mode}`;
    case 'cut':
      return `cut ${action.between.map((end) => (HOSTS.includes(end) ? 'host' : end)).join('-')}`;
    default:
      return action.do;
  }
}

const pick = <T>(prng: Prng, list: readonly T[]): T => list[prng.below(list.length)]!;
const between = (prng: Prng, least: number, most: number): number =>
  least + prng.below(most - least + 1);

const HOSTS: readonly HostId[] = ['alpha', 'beta', 'gamma', 'delta'];

function drawHosts(prng: Prng): Scenario['hosts'] {
  return HOSTS.slice(0, pick(prng, [2, 2, 3, 4])).map((id) => {
    const drifts = prng.chance(0.3);
    const clock = {
      offsetNs: prng.below(50 * MS),
      driftPpm: drifts ? between(prng, -20_000, 20_000) : 0,
    };
    return { id, place: id, clock };
  });
}

function drawNetwork(prng: Prng, { network }: Scenario): Scenario['network'] {
  const bad = prng.chance(0.5);
  return {
    ...network,
    channelNs: pick(prng, [50_000, 200_000, 2 * MS]),
    datagrams: {
      loss: bad ? prng.below(20) / 100 : 0,
      duplication: bad ? prng.below(20) / 100 : 0,
      jitterNs: bad ? prng.below(2 * MS) : 0,
    },
  };
}

const NAMES = ['alice', 'bob', 'carol'];

/** Clients who repeat so late that what they repeat was lost. */
function drawClients(prng: Prng, image: string): ClientSpec[] {
  if (image === 'journal') return [];
  return NAMES.slice(0, between(prng, 1, NAMES.length)).map((name, index) => ({
    name,
    address: `10.0.2.${100 + index}`,
    port: 7,
    retryNs: 3000 * MS,
    requests: Array.from({ length: between(prng, 3, 14) }, () => ({
      text: drawRequest(prng, image, name),
      atNs: between(prng, 10 * MS, 40 * MS),
      pauseNs: prng.below(20 * MS),
    })),
  }));
}

function drawRequest(prng: Prng, image: string, name: string): string {
  const key = pick(prng, ['x', 'y']);
  if (image === 'udp-counter') return pick(prng, ['inc', 'inc', 'get']);
  if (image === 'lock') {
    return pick(prng, [`lock ${key} ${name} ${between(prng, 1, 30)}`, `unlock ${key} ${name}`]);
  }
  return pick(prng, [`set ${key} ${prng.below(100)}`, `get ${key}`, `get ${key}`, `del ${key}`]);
}

/** One bit of the backup's memory, where guests lie. */
function drawFlip(prng: Prng): FaultSpec {
  const address = 0x10_0000 + prng.below(0x4000);
  const timeNs = prng.below(FAULTS_NS);
  return {
    at: { on: 'time', timeNs },
    action: { do: 'flip', host: 'beta', address, bit: prng.below(8) },
  };
}

function drawFaults(prng: Prng, hosts: readonly HostId[]): FaultSpec[] {
  const storm = prng.chance(0.4) ? drawStorm(prng, hosts) : [];
  const others = Array.from({ length: between(prng, 1, 3) }, () => drawFault(prng, hosts));
  return [...storm, ...others.flat()];
}

/**
 * The primary cannot reach disk, gateway or backup for a while, and shortly after that it dies, is
 * suspected, or starts again: the moments at which the rules about late outputs and old channels
 * count.
 */
function drawStorm(prng: Prng, hosts: readonly HostId[]): FaultSpec[] {
  const [host, peer] = hosts as readonly [HostId, HostId];
  const timeNs = between(prng, 10 * MS, FAULTS_NS / 2);
  const later = { on: 'time', timeNs: timeNs + prng.below(30 * MS) } as const;
  const forNs = between(prng, 30 * MS, MAX_FAULT_NS);
  const end = pick(prng, ['disk', 'gateway', peer]);
  const cut: FaultSpec = {
    at: { on: 'time', timeNs },
    action: { do: 'cut', between: [host, end], forNs },
  };
  const ends: Action[] = [
    { do: 'crash', host, losing: 'outputs-too' },
    { do: 'break', between: [host, peer] },
    { do: 'restart', host },
    { do: 'pause', host, forNs },
  ];
  return [cut, { at: later, action: pick(prng, ends) }];
}

/** A fault; a crash may be followed by a restart. */
function drawFault(prng: Prng, hosts: readonly HostId[]): FaultSpec[] {
  const host = pick(prng, hosts);
  const forNs = between(prng, 1 * MS, MAX_FAULT_NS);
  const at = drawTrigger(prng, host);
  const ends = prng.chance(0.5)
    ? ([hosts[0]!, pick(prng, hosts.slice(1))] as const)
    : ([host, pick(prng, ['disk', 'arbiter', 'gateway'])] as const);
  switch (prng.below(8)) {
    case 0:
    case 1: {
      const losing = prng.chance(0.5) ? 'messages' : 'outputs-too';
      const crash: FaultSpec = { at, action: { do: 'crash', host, losing } };
      if (prng.chance(0.5)) return [crash];
      const timeNs = prng.below(FAULTS_NS + MAX_FAULT_NS);
      return [crash, { at: { on: 'time', timeNs }, action: { do: 'restart', host } }];
    }
    case 2:
      return [{ at, action: { do: 'pause', host, forNs } }];
    case 3:
      return [{ at, action: { do: 'cut', between: ends, forNs } }];
    case 4: {
      const peer = pick(prng, hosts.slice(1));
      return [{ at, action: { do: 'break', between: [hosts[0]!, peer] } }];
    }
    case 5:
      return [{ at, action: { do: 'delay', between: ends, delayNs: prng.below(20 * MS) } }];
    case 6:
      return [{ at, action: { do: 'disk', mode: pick(prng, ['slow', 'down']), forNs } }];
    default:
      return [
        { at, action: { do: 'arbiter', mode: pick(prng, ['down', 'loses-answers']), forNs } },
      ];
  }
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
