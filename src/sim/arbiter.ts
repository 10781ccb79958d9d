/**
 * The simulated arbiter: an atomic test-and-set register for each machine and generation [P §2.3].
 * It can be out of reach, and its answers can be lost after the register was set: the asker then
 * hears 'unknown', or nothing, and has to ask again.
 */
import type { SimEvent } from './events.ts';
import { linkName, sendDatagram } from './links.ts';
import type { World } from './world.ts';

/** Whether it answers, and what it has granted. */
export interface ArbiterState {
  up: boolean;
  losesAnswers: boolean;
  /** Owner by "machine:generation". */
  registers: Record<string, string>;
}

/** An arbiter that answers and has granted nothing. */
export const newArbiter = (): ArbiterState => ({ up: true, losesAnswers: false, registers: {} });

/** Somebody asks who owns a generation, and claims nothing. */
export function onOwnerAsk(world: World, event: SimEvent & { kind: 'owner-ask' }): void {
  const { arbiter } = world.state;
  const { host, machine, generation } = event;
  if (!arbiter.up) world.count('arbiter out of reach');
  else if (arbiter.losesAnswers) world.count("arbiter's answer lost");
  if (!arbiter.up || arbiter.losesAnswers) return;
  const owner = arbiter.registers[`${machine}:${generation}`];
  world.trace('arbiter', `${host} asks who won generation ${generation}: ${owner ?? 'nobody'}`);
  const answer = { kind: 'owner', machine, generation, owner } as const;
  sendDatagram(world, linkName('arbiter', host), { kind: 'host', host, event: answer });
}

/** A claim arrives. */
export function onAsk(world: World, { host, claim }: SimEvent & { kind: 'arbiter-ask' }): void {
  const { arbiter } = world.state;
  const reply = linkName('arbiter', host);
  if (!arbiter.up) {
    world.count('arbiter out of reach');
    const event = { kind: 'arbiter', claim, answer: 'unknown' } as const;
    sendDatagram(world, reply, { kind: 'host', host, event });
    return;
  }
  const name = `${claim.machine}:${claim.generation}`;
  arbiter.registers[name] ??= claim.owner;
  const answer = arbiter.registers[name] === claim.owner ? 'won' : 'lost';
  const lost = arbiter.losesAnswers ? ', answer lost' : '';
  world.trace(
    'arbiter',
    `${claim.owner} asks for generation ${claim.generation}: ${answer}${lost}`,
  );
  if (arbiter.losesAnswers) {
    world.count("arbiter's answer lost");
    return;
  }
  const event = { kind: 'arbiter', claim, answer } as const;
  sendDatagram(world, reply, { kind: 'host', host, event });
}
