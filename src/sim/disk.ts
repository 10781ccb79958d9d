/**
 * The simulated shared disk server. Requests run in parallel, each for a random service time, so
 * that two writes under way may be applied in either order: keeping overlapping ones apart is the
 * replicas' business.
 *
 * Invariants (protocol.md §4):
 * - the fence never goes back; it is compared when a request is applied, not when it comes (8)
 * - tokens are compared, never generations (2)
 * - a write that comes again with the same (token, id) is not applied again (20)
 */
import type { HostId } from '../ft/ports.ts';
import { isBelow } from '../ft/speaker.ts';
import type { DiskRequest } from '../machine/output.ts';
import type { SimEvent } from './events.ts';
import { transferEarly } from './guest-memory.ts';
import { linkName, sendStream } from './links.ts';
import type { World } from './world.ts';

const SECTOR_BYTES = 512;

/** The shared disk: its health, its fence and what is written on it. */
export interface DiskState {
  mode: 'ok' | 'slow' | 'failing' | 'down';
  /** The only host whose requests fail while the mode is `failing`; all of them where null. */
  failsFor: HostId | null;
  fence: number;
  /** Sectors that have been written, by "disk:sector"; the arrays never change. */
  sectors: Record<string, Uint8Array>;
  /** Ordinals of the writes applied to a sector: the latest, and the highest of all. */
  writes: Record<string, { readonly latest: number; readonly highest: number }>;
  /** Whether request "token:id" succeeded. */
  applied: Record<string, boolean>;
  /** Came while the server was down. */
  waiting: SimEvent[];
}

/** A healthy disk of zeros, with its fence down. */
export const newDisk = (): DiskState => ({
  mode: 'ok',
  failsFor: null,
  fence: 0,
  sectors: {},
  writes: {},
  applied: {},
  waiting: [],
});

type Request = SimEvent & { kind: 'disk-request' | 'disk-apply' };

/** A request or a fence comes to the server. */
export function onDiskEvent(
  world: World,
  event: SimEvent & { kind: 'disk-request' | 'disk-apply' | 'disk-fence' },
): void {
  const { disk } = world.state;
  if (disk.mode === 'down') {
    disk.waiting.push(event);
  } else if (event.kind === 'disk-request') {
    world.schedule(serviceNs(world), { ...event, kind: 'disk-apply' });
  } else if (event.kind === 'disk-apply') {
    apply(world, event);
  } else {
    raiseFence(world, event);
  }
}

function serviceNs(world: World): number {
  const { serviceNs, slowFactor } = world.scenario.disk;
  const time = serviceNs[0] + world.prng.below(serviceNs[1] - serviceNs[0] + 1);
  return world.state.disk.mode === 'slow' ? time * slowFactor : time;
}

function raiseFence(world: World, { host, life, token }: SimEvent & { kind: 'disk-fence' }): void {
  const { disk } = world.state;
  disk.fence = Math.max(disk.fence, token);
  world.trace('disk', `fence at ${disk.fence}`);
  const event = { kind: 'fenced', token: disk.fence } as const;
  sendStream(world, linkName('disk', host), { kind: 'host', host, life, event });
}

function apply(world: World, event: Request): void {
  const { host, life, token, ordinal, request, local } = event;
  const { disk } = world.state;
  const link = linkName('disk', host);
  const what = describeRequest(request);
  if (isBelow(token, disk.fence, world.scenario.rules)) {
    world.trace('disk', `refuses ${what} of token ${token}: the fence is at ${disk.fence}`);
    const refusal = { kind: 'refused', token: disk.fence } as const;
    sendStream(world, link, { kind: 'host', host, life, event: refusal });
    return;
  }
  const name = `${token}:${request.id}`;
  const again = request.op !== 'read' && name in disk.applied;
  const fails = disk.mode === 'failing' && (disk.failsFor ?? host) === host;
  const ok = again ? disk.applied[name]! : !fails;
  if (request.op !== 'read') disk.applied[name] = ok;
  if (ok && !again && request.op === 'write') write(disk, request, ordinal);
  const notes = `${again ? ' (again)' : ''}${local ? ` for ${host} itself` : ''}`;
  world.trace('disk', `${ok ? '' : 'fails '}${what}${notes}`);
  // A read tells the outside nothing: it is not held, and the machine that lives on may differ.
  if (!again && request.op !== 'read') {
    world.observe(event, 'disk', { kind: 'disk', request });
  }
  const data = ok && request.op === 'read' ? { data: read(disk, request) } : {};
  if (data.data && world.scenario.leftOut.includes('bounce-buffer')) {
    transferEarly(world.host(host).engine.log.machine, request.id, data.data);
  }
  const completion = { kind: 'disk', id: request.id, ok, ...data } as const;
  const reply = local
    ? ({ kind: 'read', completion } as const)
    : ({ kind: 'input', input: completion } as const);
  sendStream(world, link, { kind: 'host', host, life, event: reply });
}

function write(disk: DiskState, request: DiskRequest, ordinal: number): void {
  const { sector, sectors, data } = request;
  for (let i = 0; i < sectors; i++) {
    const name = `${request.disk}:${sector + i}`;
    disk.sectors[name] = data!.slice(i * SECTOR_BYTES, (i + 1) * SECTOR_BYTES);
    const highest = Math.max(disk.writes[name]?.highest ?? 0, ordinal);
    disk.writes[name] = { latest: ordinal, highest };
  }
}

function read(disk: DiskState, { disk: slot, sector, sectors }: DiskRequest): Uint8Array {
  const data = new Uint8Array(sectors * SECTOR_BYTES);
  for (let i = 0; i < sectors; i++) {
    const bytes = disk.sectors[`${slot}:${sector + i}`];
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
export function wakeDisk(world: World): void {
  const { disk } = world.state;
  const { waiting } = disk;
  disk.waiting = [];
  for (const event of waiting) world.schedule(0, event);
}
