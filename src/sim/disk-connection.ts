/**
 * A host's connection to the shared disk server. When it breaks, what was under way is lost both
 * ways, and the host makes another, over which it sends again, under the same token and id, what
 * its guest has asked for and has no answer to, as src/host/disk-client.ts does. What the server
 * has accepted over the old one it carries out all the same, sooner or later than the second copy,
 * and nobody hears of it: that is what rule 20 of protocol.md §4 is for. A fence or a backup's own
 * read that is lost is asked for again by the replica.
 */
import type { HostEvent, HostId } from '../ft/ports.ts';
import type { DiskEvent, SimEvent } from './events.ts';
import type { HostState, SimHost } from './host.ts';
import { linkName, loseUnderWay, sendStream } from './links.ts';
import type { World } from './world.ts';

/** Sends a request of the guest; it is unanswered from now on. */
export function askDisk({ world, id, state }: SimHost, request: DiskEvent): void {
  state.unanswered.push(request);
  sendStream(world, linkName(id, 'disk'), { kind: 'disk-request', ...request });
}

/** A host is given an event: if it is an answer of the disk, its request is not unanswered. */
export function noteAnswer(state: HostState, event: HostEvent): void {
  if (event.kind !== 'input' || event.input.kind !== 'disk') return;
  const { id } = event.input;
  state.unanswered = state.unanswered.filter(({ request }) => request.id !== id);
}

/** Sends everything again that is unanswered, in order. */
export function sendAgain({ world, id, state }: SimHost): void {
  for (const request of state.unanswered) {
    sendStream(world, linkName(id, 'disk'), { kind: 'disk-request', ...request });
  }
}

/** Breaks the connection of a host that runs; with disks of the hosts' own there is none. */
export function breakDiskConnection(world: World, id: HostId): void {
  const { state } = world;
  const host = world.host(id);
  const { status, life } = host.state;
  if (id in state.ownDisks || status === 'crashed' || status === 'halted') return;
  world.count('disk connection broken');
  loseUnderWay(world.link(linkName(id, 'disk')));
  loseUnderWay(world.link(linkName('disk', id)));
  const { disk } = state;
  disk.waiting = disk.waiting.map((event) => unheard(event, id));
  state.queue = state.queue.map((item) => ({ ...item, event: unheard(item.event, id) }));
  host.receive({ kind: 'reconnected', host: id, life });
}

/** An event at the disk server, if it is one that came from that host. */
function unheard(event: SimEvent, id: HostId): SimEvent {
  const isAtDisk =
    event.kind === 'disk-request' || event.kind === 'disk-apply' || event.kind === 'disk-fence';
  return isAtDisk && event.host === id ? { ...event, unheard: true } : event;
}
