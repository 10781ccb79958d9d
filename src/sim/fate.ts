/**
 * What is still to come in a world, for those who need not see all of it: whether faults have yet
 * an effect, whether the machine is as well protected as it can be, whether it is lost for good.
 */
import type { HostId } from '../ft/ports.ts';
import { hasOperator } from './cold-start.ts';
import { allDisks } from './disk.ts';
import type { SimEvent } from './events.ts';
import type { Ends } from './faults.ts';
import type { SimHost } from './host.ts';
import { isLost } from './lives.ts';
import type { World } from './world.ts';

/**
 * Whether every fault has come, and none that lasts has an end that would change anything: a link
 * that stays cut between a host that is gone and one that listens to nobody is as good as any.
 */
export function isCalm(world: World): boolean {
  const { firedFaults, queue } = world.state;
  return !firedFaults.includes(false) && queue.every(({ event }) => !endsFault(world, event));
}

/** Whether all is calm, and the machine is as well protected as it can be. */
export function isSettled(world: World): boolean {
  if (!isCalm(world) || isCloning(world)) return false;
  const up = [...world.hosts.values()].filter((host) => !hasStopped(host));
  const alone = up.find(({ replica }) => replica.role === 'alone');
  const isComing = ({ id, replica: { role } }: SimHost): boolean =>
    role === 'joining' ||
    (role === 'standby' && alone !== undefined && !sharePlace(world, id, alone.id));
  return !up.some(isComing);
}

function sharePlace({ scenario }: World, a: HostId, b: HostId): boolean {
  const [one, other] = [a, b].map((id) => scenario.hosts.find((host) => host.id === id));
  return one!.place === other!.place;
}

/** Whether an event is the end of a fault that somebody will notice. */
export function endsFault(world: World, event: SimEvent): boolean {
  if (event.kind !== 'undo-fault') return false;
  const { action } = world.faults[event.index]!;
  return action.do !== 'cut' || !isVain(world, action.between);
}

/** Whether nothing that passes between two hosts has an effect any more. */
export function isVain(world: World, ends: Ends): boolean {
  const { hosts, scenario } = world;
  const [a, b] = ends.map((end) => hosts.get(end));
  // Who is started anew, or reads a closed channel, may still be reached.
  if (!a || !b || hasOperator(scenario) || !scenario.rules.closeFirst) return false;
  const [gone, other] = hasStopped(a) ? [a, b] : [b, a];
  if (!hasStopped(gone)) return false;
  const others = [...hosts.values()].filter((host) => host !== other);
  return hasStopped(other) || (other.replica.role === 'alone' && others.every(hasStopped));
}

/** Whether a host has crashed or halted. */
export const hasStopped = ({ state }: SimHost): boolean =>
  state.status === 'crashed' || state.status === 'halted';

/** While a machine is copied there is too much under way to be worth writing down. */
export function isCloning(world: World): boolean {
  return [...world.hosts.values()].some((host) => {
    const { sent, round, stage } = host.state.clone;
    if (hasStopped(host)) return false;
    return sent !== undefined || round !== undefined || stage.pages.length > 0;
  });
}

/**
 * Whether the machine is lost and nothing of it is under way any more: those who are left are
 * standbys, or wait for the rest of a clone, and nobody is left to make one of them a backup.
 */
export function isLostForGood(world: World): boolean {
  const { scenario, state } = world;
  for (const host of world.hosts.values()) {
    if (hasStopped(host)) continue;
    const { role } = host.replica;
    if (host.state.status !== 'up' || (role !== 'standby' && role !== 'joining')) return false;
  }
  const { completeOnly, askSource } = scenario.rules;
  if (!(completeOnly && askSource) || hasOperator(scenario)) return false;
  if (!isCalm(world) || !isLost(world)) return false;
  const held = Object.values(state.links).flatMap((link) => link.held);
  const waiting = allDisks(world).flatMap((disk) => disk.waiting);
  const underWay = [...state.queue, ...held].map((item) =>
    'event' in item ? item.event : item.payload,
  );
  return ![...underWay, ...waiting].some(isOfTheMachine);
}

/** Whether an event is an output, on either side of the gateway, or a message of the channel. */
function isOfTheMachine(event: SimEvent): boolean {
  if (event.kind === 'arrival') return isOfTheMachine(event.payload);
  if ('ordinal' in event || event.kind === 'client-frame') return true;
  return event.kind === 'host' && event.event.kind === 'message';
}
