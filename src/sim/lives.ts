/**
 * Who has been what: the lives of hosts (a restart begins another, under another owner), the
 * members of each generation, and the machine that lived on. For the checkers; no replica sees it.
 */
import type { HostId, Role, Token } from '../ft/ports.ts';
import type { HostState, SimHost } from './host.ts';
import type { World } from './world.ts';
import type { Written } from './written.ts';

/** What a machine has done up to a point, wherever it ran. */
export interface History {
  /** Hash of each output, by ordinal. */
  readonly outputs: readonly string[];
  /** Entries of the log; outputs with ordinals below `covered` have theirs among them. */
  readonly entries: number;
  readonly covered: number;
  readonly written: Written;
}

/** A replica that spoke for the machine from some moment on. */
export interface Reign {
  readonly host: HostId;
  /** Owner id: the host in one of its lives. */
  readonly owner: string;
  readonly token: Token;
  /** When that was, in ns of the world, and the instruction at which it went on. */
  readonly atNs: number;
  readonly count: number;
}

/** The members of a generation, by owner id. */
export interface Members {
  primary?: string;
  /** Once it has the whole machine. */
  backup?: string;
}

/** The owner id of a host's present life. */
export const ownerOf = ({ id, state }: SimHost): string => `${id}.${state.life}`;

/** Writes down what a host has become. Called when its role changes, and at the beginning. */
export function noteRole(world: World, host: SimHost, role: Role): void {
  if (role !== 'primary' && role !== 'backup' && role !== 'alone') return;
  const { generation, token } = host.replica.state();
  const owner = ownerOf(host);
  world.state.members[generation] ??= {};
  const members = world.state.members[generation]!;
  if (role === 'backup') members.backup = owner;
  else members.primary ??= owner;
  if (role === 'backup') return;
  if (role === 'alone') judgeAlone(world, host, token);
  const { count } = host.engine.log.machine;
  world.state.reigns.push({ host: host.id, owner, token, atNs: world.state.nowNs, count });
}

/** Never two live: one replica goes on alone in a generation, and no other goes on meanwhile. */
function judgeAlone(world: World, host: SimHost, token: Token): void {
  const owner = ownerOf(host);
  const before = world.state.reigns.filter((reign) => {
    if (reign.owner === owner || reign.token % 2 === 0) return false;
    return reign.token === token || isAlone(world, reign);
  });
  const off = [...world.hosts.values()].find(({ state }) => state.reason === 'power-off');
  if (off) world.violate('power-off', `${host.id} goes on, though ${off.id} was switched off`);
  const names = [...new Set(before.map((reign) => reign.host))];
  if (names.length > 0) {
    world.violate('one-live', `${host.id} goes on alone, and ${names.join(' and ')} did already`);
  }
  world.state.alone.push(host.id);
}

function isAlone(world: World, reign: Reign): boolean {
  const host = world.host(reign.host);
  const present = ownerOf(host) === reign.owner && host.replica.role === 'alone';
  return present && (host.state.status === 'up' || host.state.status === 'paused');
}

/** Whether that life of a host is over by a crash or a restart. */
export function isDead(world: World, owner: string): boolean {
  const host = world.host(owner.slice(0, owner.lastIndexOf('.')));
  return ownerOf(host) !== owner || host.state.status === 'crashed';
}

/** The host whose machine is the one that lived on: the last that spoke for it. */
export interface Survivor {
  readonly id: HostId;
  readonly state: HostState;
  /** The host itself, if it has not been restarted since. */
  readonly host: SimHost | undefined;
}

/** Who lived on: of all that spoke for the machine, the one with the highest token. */
export function survivor(world: World): Survivor {
  let last = world.state.reigns[0]!;
  for (const reign of world.state.reigns) if (reign.token > last.token) last = reign;
  const host = world.host(last.host);
  if (ownerOf(host) === last.owner) return { id: host.id, state: host.state, host };
  return { id: host.id, state: world.state.past[last.owner]!, host: undefined };
}

/**
 * Whether the machine is lost to one of the limits that no rule removes (protocol.md §4): whoever
 * won the last generation has died, or nobody had won it and all its complete members have.
 */
export function isLost(world: World): boolean {
  const { members, arbiter } = world.state;
  const generation = Math.max(...Object.keys(members).map(Number));
  const winner = arbiter.registers[`${world.scenario.name}:${generation}`];
  if (winner !== undefined) return isDead(world, winner);
  const { primary, backup } = members[generation]!;
  return [primary, backup].every((owner) => owner === undefined || isDead(world, owner));
}

/** The machine has come to an end of its own, or the operator's. */
export function hasEnded(world: World): boolean {
  const ends = ['guest-exit', 'guest-fault', 'power-off'];
  return [...world.hosts.values()].some(({ state }) => ends.includes(state.reason ?? ''));
}

/** Somebody goes on with the machine. */
export function isLive(world: World): boolean {
  return [...world.hosts.values()].some(({ state, replica }) => {
    return state.status === 'up' && (replica.role === 'primary' || replica.role === 'alone');
  });
}
