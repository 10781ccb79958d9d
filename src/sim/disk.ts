/**
 * The simulated disk server, shared by all hosts, or one for each host where they have disks of
 * their own; those stay when the host starts again. Requests run in parallel, each for a random
 * service time, so that two writes under way may be applied in either order: keeping overlapping
 * ones apart is the replicas' business.
 *
 * Invariants (protocol.md §4):
 * - the fence never goes back; it is compared when a request is applied, not when it comes (8)
 * - tokens are compared, never generations (2)
 * - a write that comes again with the same (token, id) is not applied again (20)
 */
import type { HostEvent, HostId } from '../ft/ports.ts';
import { isBelow } from '../ft/speaker.ts';
import type { Input } from '../machine/input.ts';
import type { DiskRequest } from '../machine/output.ts';
import type { SimEvent } from './events.ts';
import { transferEarly } from './guest-memory.ts';
import { linkName, sendStream } from './links.ts';
import { SECTOR_BYTES, sectorName, sectorNames, sectorsOf } from './sectors.ts';
import type { World } from './world.ts';

/** A disk server: its health, its fence and what is written on it. */
export interface DiskState {
  mode: 'ok' | 'slow' | 'failing' | 'down';
  /** The only host whose requests fail while the mode is `failing`; all of them where null. */
  failsFor: HostId | null;
  fence: number;
  /** Sectors that have been written, by "disk:sector"; the arrays never change. */
  sectors: Record<string, Uint8Array>;
  /**
   * Ordinals of the writes applied to a sector, the latest and the highest of all; and under which
   * token that one came.
   */
  writes: Record<
    string,
    { readonly latest: number; readonly highest: number; readonly token: number }
  >;
  /** Whether request "token:id" succeeded. */
  applied: Record<string, boolean>;
  /** Came while the server was down. */
  waiting: SimEvent[];
}

/** A healthy disk on which these sectors are written, with its fence down. */
export const newDisk = (sectors: DiskState['sectors'] = {}): DiskState => ({
  mode: 'ok',
  failsFor: null,
  fence: 0,
  sectors: { ...sectors },
  writes: {},
  applied: {},
  waiting: [],
});

/** A copy that does not change with the original; what is written on it is shared. */
export function copyDisk(disk: DiskState): DiskState {
  const { sectors, writes, applied, waiting } = disk;
  return {
    ...disk,
    sectors: { ...sectors },
    writes: { ...writes },
    applied: { ...applied },
    waiting: [...waiting],
  };
}

/** The server that serves a host. */
export const diskOf = ({ state }: World, host: HostId): DiskState =>
  state.ownDisks[host] ?? state.disk;

/** Every server of the world; with disks of their own, those of the hosts. */
export function allDisks({ state }: World): DiskState[] {
  const own = Object.values(state.ownDisks);
  return own.length > 0 ? own : [state.disk];
}

type Request = SimEvent & { kind: 'disk-request' | 'disk-apply' };

/** A request or a fence comes to the server. */
export function onDiskEvent(
  world: World,
  event: SimEvent & { kind: 'disk-request' | 'disk-apply' | 'disk-fence' },
): void {
  const disk = diskOf(world, event.host);
  if (disk.mode === 'down') {
    world.count('silent disk');
    disk.waiting.push(event);
  } else if (event.kind === 'disk-request') {
    world.schedule(serviceNs(world, disk), { ...event, kind: 'disk-apply' });
  } else if (event.kind === 'disk-apply') {
    apply(world, event);
  } else {
    raiseFence(world, event);
  }
}

function serviceNs(world: World, { mode }: DiskState): number {
  const { serviceNs, slowFactor } = world.scenario.disk;
  const time = serviceNs[0] + world.prng.below(serviceNs[1] - serviceNs[0] + 1);
  if (mode !== 'slow') return time;
  world.count('slow disk');
  return time * slowFactor;
}

function raiseFence(world: World, event: SimEvent & { kind: 'disk-fence' }): void {
  const { host, token } = event;
  const disk = diskOf(world, host);
  disk.fence = Math.max(disk.fence, token);
  world.trace('disk', `fence at ${disk.fence}`);
  answer(world, event, { kind: 'fenced', token: disk.fence });
}

/** Tells whoever has asked, unless the connection has broken since. */
function answer(
  world: World,
  { host, life, unheard }: Request | (SimEvent & { kind: 'disk-fence' }),
  event: HostEvent,
): void {
  if (!unheard) sendStream(world, linkName('disk', host), { kind: 'host', host, life, event });
}

function apply(world: World, event: Request): void {
  const { host, life, token, request, local } = event;
  const disk = diskOf(world, host);
  // A host that starts again begins with a disk to which nothing is under way.
  const isOwn = disk !== world.state.disk;
  if (isOwn && life !== world.host(host).state.life) return;
  const { rules } = world.scenario;
  const what = describeRequest(request);
  if (isBelow(token, disk.fence, rules)) {
    world.trace('disk', `refuses ${what} of token ${token}: the fence is at ${disk.fence}`);
    answer(world, event, { kind: 'refused', token: disk.fence });
    return;
  }
  const name = `${token}:${request.id}`;
  const once = request.op !== 'read' && local !== 'mirror';
  const again = once && rules.knowAgain && name in disk.applied;
  const fails = disk.mode === 'failing' && (disk.failsFor ?? host) === host;
  if (fails && !again) world.count('failing disk');
  const ok = again ? disk.applied[name]! : !fails;
  if (once) disk.applied[name] = ok;
  if (!again && request.op === 'write') {
    if (ok) write(world, disk, event);
    else noteFailure(disk, event);
  }
  const notes = `${again ? ' (again)' : ''}${local ? ` for ${host} itself` : ''}`;
  world.trace('disk', `${ok ? '' : 'fails '}${what}${notes}`);
  // A read tells the outside nothing: it is not held, and the machine that lives on may differ. A
  // disk of the host's own is no outside.
  if (!again && request.op !== 'read' && !isOwn) {
    world.observe(event, 'disk', { kind: 'disk', request });
  }
  const data = ok && request.op === 'read' ? { data: read(disk, request) } : {};
  if (data.data && world.scenario.leftOut.includes('bounce-buffer')) {
    transferEarly(world.host(host).engine.log.machine, request.id, data.data);
  }
  const completion = { kind: 'disk', id: request.id, ok, ...data } as const;
  answer(world, event, replyTo(event, completion));
}

function replyTo({ local, ordinal }: Request, completion: Input & { kind: 'disk' }): HostEvent {
  switch (local) {
    case 'read':
      return { kind: 'read', completion };
    case 'mirror':
      return { kind: 'mirrored', ordinal, ok: completion.ok };
    default:
      return { kind: 'input', input: completion };
  }
}

function write(world: World, disk: DiskState, { request, ordinal, token, host }: Request): void {
  for (const [name, bytes] of Object.entries(sectorsOf(request))) {
    disk.sectors[name] = bytes;
    const newer = disk.writes[name];
    const isLate = newer !== undefined && newer.highest > ordinal;
    if (isLate && newer.token >= token) {
      const late = `output ${ordinal} of ${host} under token ${token}`;
      const undone = `output ${newer.highest} under token ${newer.token}`;
      world.violate('disk-order', `sector ${name}: ${late} came after ${undone}`);
    }
    const kept = isLate
      ? { highest: newer.highest, token: newer.token }
      : { highest: ordinal, token };
    disk.writes[name] = { latest: ordinal, ...kept };
  }
}

/**
 * A write that fails may be one that was done before, for an earlier primary, and undone since by
 * older ones that were issued again with it. The guest is told that it failed: those are the last.
 */
function noteFailure(disk: DiskState, { request, ordinal, token }: Request): void {
  for (const name of sectorNames(request)) {
    const before = disk.writes[name];
    if (before?.highest !== ordinal || before.latest === ordinal) continue;
    disk.writes[name] = { latest: before.latest, highest: before.latest, token };
  }
}

function read(disk: DiskState, { disk: slot, sector, sectors }: DiskRequest): Uint8Array {
  const data = new Uint8Array(sectors * SECTOR_BYTES);
  for (let i = 0; i < sectors; i++) {
    const bytes = disk.sectors[sectorName(slot, sector + i)];
    if (bytes) data.set(bytes, i * SECTOR_BYTES);
  }
  return data;
}

/** A request for people: "write #3 of sectors 8-9". */
export function describeRequest({ id, op, sector, sectors }: DiskRequest): string {
  const range = sectors > 1 ? `sectors ${sector}-${sector + sectors - 1}` : `sector ${sector}`;
  return op === 'flush' ? `flush #${id}` : `${op} #${id} of ${range}`;
}

/** The server is back: what came meanwhile is served. */
export function wakeDisk(world: World, disk: DiskState): void {
  const { waiting } = disk;
  disk.waiting = [];
  for (const event of waiting) world.schedule(0, event);
}
