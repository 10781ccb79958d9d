/**
 * A machine without a backup (`backup` is left out): the first host runs it alone, and when that
 * has died an operator starts it anew from its image and whatever is on its disk. Before, he does
 * what protocol.md §4 rule 16 asks for: fences disk and gateway above every token ever used.
 *
 * What was in memory is lost, and the new machine's outputs are counted from 0 again; so are those
 * that the checkers compare with it, and its console goes on behind what was printed before.
 */
import { type HostId, tokenOf } from '../ft/ports.ts';
import { allDisks } from './disk.ts';
import { hasEnded, isLive } from './lives.ts';
import type { Scenario } from './scenario.ts';
import type { World } from './world.ts';

/** Where the history of the machine that lives now begins. */
export interface ColdStart {
  readonly host: HostId;
  /** Outputs that receivers had taken from the machine before. */
  readonly observations: number;
}

/** Whether the machine of this scenario has no backup, but an operator. */
export const hasOperator = ({ leftOut }: Scenario): boolean => leftOut.includes('backup');

/** A host has died. The operator notices it as a backup would, and then takes his time. */
export function noteDeath(world: World): void {
  const { scenario } = world;
  if (!hasOperator(scenario)) return;
  world.schedule(scenario.timing.failureTimeoutNs + scenario.restartNs, { kind: 'cold-start' });
}

/** The operator starts the machine, unless it runs or has ended: on a host that is up, if any. */
export function coldStart(world: World): void {
  if (isLive(world) || hasEnded(world)) return;
  const { state } = world;
  const hosts = [...world.hosts.values()];
  const { id } = hosts.find((host) => host.state.status === 'up') ?? hosts[0]!;
  const generation = Math.max(...Object.keys(state.members).map(Number)) + 1;
  const token = tokenOf(generation, false);
  world.trace('world', `an operator starts the machine on ${id}, from its image and its disk`);
  for (const disk of allDisks(world)) Object.assign(disk, { fence: token, writes: {} });
  state.gateway = { ...state.gateway, owner: id, token, began: state.gateway.console.length };
  state.coldStart = { host: id, observations: state.observations.length };
  world.begin(id, { role: 'alone', generation });
}
