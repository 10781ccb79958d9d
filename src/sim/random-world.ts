/**
 * Random worlds: a seed draws guest, clients, hosts, clocks, network, timing and faults. Whatever
 * is drawn, a machine with all rules on must satisfy every checker: only what the design promises
 * to survive is drawn, and limits that no rule removes are excused by the checkers themselves. A
 * flipped bit of a backup's memory comes alone: it must be noticed or do no harm.
 */
import { Prng } from '../base/prng.ts';
import type { HostId } from '../ft/ports.ts';
import type { ClientSpec } from './client.ts';
import type { FaultSpec } from './faults.ts';
import {
  between,
  drawFaults,
  drawLaterFaults,
  FAULTS_NS,
  MAX_FAULT_NS,
  pick,
  type Victims,
} from './random-faults.ts';
import { parseScenario, type Scenario } from './scenario.ts';

const MS = 1_000_000;

const PLAIN: Readonly<Record<string, string>> = {
  kv: '{ guest: { image: kv, devices: [net] }, expect: { linearizable: kv }, name: soak-kv }',
  'udp-counter': '{ guest: { image: udp-counter, devices: [net] }, name: soak-counter }',
  lock: `{ guest: { image: lock, devices: [net] }, expect: { linearizable: lock },
           name: soak-lock }`,
  journal: `{ guest: { image: journal, command-line: records=30 batch=3, devices: [{ block: 40 }] },
              until-exit: on, name: soak-journal }`,
  overwrite: `{ guest: { image: overwrite, command-line: rounds=6, devices: [{ block: 1 }] },
                until-exit: on, name: soak-overwrite }`,
  everything: `{ guest: { image: everything, devices: [net, { block: 1 }] },
                 name: soak-everything }`,
};

/** A client whose answer was dropped asks again: its request may then be served twice. */
const POLICIES = ['resend', 'drop', 'resend-tcp-drop-udp'] as const;

/** The guests of random worlds. */
export const SOAK_GUESTS: readonly string[] = Object.keys(PLAIN);

/** Those that a seed draws first; see `drawGuest`. */
const DRAWN = ['kv', 'kv', 'udp-counter', 'lock', 'journal', 'everything'] as const;

/** The world that `seed` draws; `guest` leaves no choice of the guest. */
export function randomScenario(seed: number, guest?: string): Scenario {
  const prng = new Prng(seed);
  const later = new Prng(~seed);
  const drawn = drawGuest(prng, later);
  const image = guest ?? drawn;
  const plain = parseScenario(PLAIN[image]!, 'soak');
  const heartbeatNs = between(prng, 2 * MS, 15 * MS);
  const failureTimeoutNs = heartbeatNs * between(prng, 4, 8);
  const hosts = drawHosts(prng);
  const ids = hosts.map(({ id }) => id);
  const disk = prng.chance(0.3) ? ({ ...plain.disk, kind: 'own' } as const) : plain.disk;
  const isOfDisk = image === 'journal' || image === 'overwrite';
  const timing = {
    heartbeatNs,
    failureTimeoutNs,
    retryNs: between(prng, 2 * MS, 20 * MS),
    flushNs: pick(prng, [0, 1 * MS, 3 * MS]),
  };
  const scenario = {
    ...plain,
    seed,
    hosts,
    clients: drawClients(prng, image),
    typing: image === 'everything' ? drawTyping(prng) : [],
    uncertain: plain.expect.linearizable ? 'resend' : pick(prng, POLICIES),
    disk,
    reads: disk.kind === 'own' ? 'log' : pick(prng, ['log', 'local'] as const),
    timing,
    limits: {
      ...plain.limits,
      channelBytes: pick(prng, [2000, 1_000_000]),
      bufferEntries: pick(prng, [5, 100_000]),
    },
    network: drawNetwork(prng, plain),
    faults: drawAllFaults(prng, later, {
      hosts: ids,
      failureTimeoutNs,
      hasDisk: isOfDisk || image === 'everything',
      bearsErrors: isOfDisk,
    }),
    safetyNs: FAULTS_NS + MAX_FAULT_NS,
    livenessNs: 60_000 * MS,
  };
  return { ...scenario, expect: expectationOf(scenario) };
}

/**
 * `later` draws what was added when many seeds had been run, so that what a seed drew until then it
 * still draws: a guest in the place of one that needs as little, and faults on top of the others.
 */
function drawGuest(prng: Prng, later: Prng): string {
  const drawn = pick(prng, DRAWN);
  return drawn === 'journal' && later.chance(0.5) ? 'overwrite' : drawn;
}

function drawAllFaults(prng: Prng, later: Prng, victims: Victims): FaultSpec[] {
  const faults = drawFaults(prng, victims);
  return [...faults, ...drawLaterFaults(later, victims, faults)];
}

/** Where a clock jumps ahead, nobody can say from outside how long a lock is held. */
function expectationOf({ expect, faults }: Scenario): Scenario['expect'] {
  const { linearizable: model, ...rest } = expect;
  const jumps = faults.some(({ action }) => action.do === 'jump' && action.byNs > 0);
  return model === 'lock' && jumps ? rest : expect;
}

/** Whether a violation is what the drawn fault must lead to: a flipped bit that was noticed. */
export function isExcused({ faults }: Scenario, checker: string): boolean {
  return checker === 'divergence' && faults.some(({ action }) => action.do === 'flip');
}

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
  if (image === 'journal' || image === 'overwrite') return [];
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
  if (image === 'everything') return 'look';
  if (image === 'lock') {
    return pick(prng, [`lock ${key} ${name} ${between(prng, 1, 30)}`, `unlock ${key} ${name}`]);
  }
  return pick(prng, [`set ${key} ${prng.below(100)}`, `get ${key}`, `get ${key}`, `del ${key}`]);
}

/** Keys typed in the time of the faults. */
function drawTyping(prng: Prng): Scenario['typing'] {
  return Array.from({ length: prng.below(20) }, () => ({
    atNs: prng.below(FAULTS_NS),
    bytes: Uint8Array.of(between(prng, 0x61, 0x7a)),
  }));
}
