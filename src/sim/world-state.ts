/**
 * What a simulated world remembers besides its hosts: plain data, so that a world can be forked and
 * stored.
 */
import type { PrngState } from '../base/prng.ts';
import { type HostId, tokenOf } from '../ft/ports.ts';
import type { Finding } from '../hypervisor/examination.ts';
import type { Checkpoint } from '../hypervisor/log-point.ts';
import { type ArbiterState, newArbiter } from './arbiter.ts';
import { type ClientState, copyClient, newClient } from './client.ts';
import type { ProtectionRecord } from './cloning.ts';
import type { ColdStart } from './cold-start.ts';
import { copyDisk, type DiskState, newDisk } from './disk.ts';
import type { SimEvent } from './events.ts';
import type { FaultCounts } from './fault-kinds.ts';
import { type GatewayState, newGateway } from './gateway.ts';
import type { HostState } from './host.ts';
import { type Link, linkName, newLink } from './links.ts';
import type { History, Members, Reign } from './lives.ts';
import type { Scheduled } from './queue.ts';
import type { RefusalRecord } from './refusals.ts';
import type { Observed } from './report.ts';
import type { Scenario } from './scenario.ts';
import type { Observation, TraceEvent, Violation } from './trace.ts';

/** Everything a world remembers: plain data. */
export interface WorldState {
  nowNs: number;
  sequence: number;
  queue: Scheduled<SimEvent>[];
  prng: PrngState;
  links: Record<string, Link>;
  /** Shared by all hosts. */
  disk: DiskState;
  /** Where each host has its own. */
  ownDisks: Record<HostId, DiskState>;
  arbiter: ArbiterState;
  gateway: GatewayState;
  clients: ClientState[];
  /** By index in the world's faults. */
  firedFaults: boolean[];
  /** How often each kind of fault has had an effect. */
  happened: FaultCounts;
  /** Answers that clients have had. */
  answers: number;
  exitStatus: number | undefined;
  /** When clients and guest had done all that the scenario waits for. */
  finishedNs: number | undefined;
  /** Hosts that went on alone, in order. */
  alone: HostId[];
  /** Who has spoken for the machine, in order (lives.ts). */
  reigns: Reign[];
  members: Record<number, Members>;
  /** The machine's history where each generation after the first begins. */
  histories: Record<number, History>;
  /** Lives that are over, by owner. */
  past: Record<string, HostState>;
  /** Snapshots that each host has kept, by name; they stay when it starts again. */
  snapshots: Record<HostId, Readonly<Record<string, Checkpoint>>>;
  /** How the machine was protected again, in order. */
  protections: ProtectionRecord[];
  /** Messages that replicas have not taken, in order; kept where they are reported. */
  refusals: RefusalRecord[];
  /** The last time that the machine was begun anew. */
  coldStart: ColdStart | undefined;
  sentBytes: number;
  events: number;
  /** Events at the present time so far. */
  instant: number;
  trace: TraceEvent[];
  observations: Observation[];
  violations: Violation[];
  /** Hosts whose replayer left the path of its log, in order, and what was found out about them. */
  diverged: HostId[];
  findings: Record<HostId, Finding>;
  /** Where the scenario reports on machines: what was seen of each. */
  observed: Record<HostId, Observed>;
}

/** A world before its first event, on whose disk `sectors` are written. */
export function newWorldState(
  scenario: Scenario,
  sectors: DiskState['sectors'],
  prng: PrngState,
): WorldState {
  return {
    nowNs: 0,
    sequence: 0,
    queue: [],
    prng,
    links: makeLinks(scenario),
    disk: newDisk(sectors),
    ownDisks: newOwnDisks(scenario, sectors),
    arbiter: newArbiter(),
    gateway: newGateway(scenario.hosts[0]!.id, tokenOf(1, false)),
    clients: scenario.clients.map(newClient),
    firedFaults: scenario.faults.map(() => false),
    happened: {},
    answers: 0,
    exitStatus: undefined,
    finishedNs: undefined,
    alone: [],
    reigns: [],
    members: {},
    histories: {},
    past: {},
    snapshots: {},
    protections: [],
    refusals: [],
    coldStart: undefined,
    sentBytes: 0,
    events: 0,
    instant: 0,
    trace: [],
    observations: [],
    violations: [],
    diverged: [],
    findings: {},
    observed: {},
  };
}

/** A link each way between every two hosts, and between each host and disk, arbiter and gateway. */
export function makeLinks({ hosts, network }: Scenario): Record<string, Link> {
  const links: Record<string, Link> = {};
  const join = (a: string, b: string, delayNs: number, rate = 0): void => {
    links[linkName(a, b)] = newLink(delayNs, rate);
    links[linkName(b, a)] = newLink(delayNs, rate);
  };
  const { channelNs, channelRate } = network;
  for (const [index, { id }] of hosts.entries()) {
    for (const other of hosts.slice(index + 1)) join(id, other.id, channelNs, channelRate);
    join(id, 'disk', network.diskNs);
    join(id, 'arbiter', network.arbiterNs);
    join(id, 'gateway', network.gatewayNs);
  }
  return links;
}

/** A disk for each host: the first two have the same on theirs, standbys have nothing. */
function newOwnDisks(
  { hosts, disk }: Scenario,
  sectors: DiskState['sectors'],
): WorldState['ownDisks'] {
  if (disk.kind === 'shared') return {};
  return Object.fromEntries(hosts.map(({ id }, index) => [id, newDisk(index < 2 ? sectors : {})]));
}

function mapped<T>(record: Record<string, T>, copy: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, copy(value)]));
}

/** Copies what changes and shares what does not: queued events, sectors, trace, observations. */
export function copyState(state: WorldState): WorldState {
  return {
    ...state,
    queue: [...state.queue],
    links: mapped(state.links, (link) => ({ ...link, held: [...link.held] })),
    disk: copyDisk(state.disk),
    ownDisks: mapped(state.ownDisks, copyDisk),
    arbiter: structuredClone(state.arbiter),
    gateway: { ...state.gateway, console: [...state.gateway.console] },
    clients: state.clients.map(copyClient),
    firedFaults: [...state.firedFaults],
    happened: { ...state.happened },
    alone: [...state.alone],
    reigns: [...state.reigns],
    members: structuredClone(state.members),
    histories: { ...state.histories },
    past: { ...state.past },
    snapshots: { ...state.snapshots },
    protections: [...state.protections],
    refusals: [...state.refusals],
    trace: [...state.trace],
    observations: [...state.observations],
    violations: [...state.violations],
    diverged: [...state.diverged],
    findings: { ...state.findings },
    observed: structuredClone(state.observed),
  };
}
