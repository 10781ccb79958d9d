/** The logging channel as a replica sees it: whole messages, in order, until somebody closes it. */
import { decodeMessage, encodeMessage, type Message, MessageError } from './messages.ts';
import type { HostId, MessageRefusal } from './ports.ts';
import type { Step } from './state.ts';

/** Sends one message to the peer, or to somebody who is none. */
export function send({ s, out }: Step, message: Message, to: HostId = s.peer): void {
  out.push({ kind: 'send', to, bytes: encodeMessage(message) });
}

/**
 * The message that came, 'broken' for bytes that are none, or undefined for what must be ignored:
 * a stranger's bytes, what comes after the channel was closed, and other generations' messages
 * (rule 4), greetings aside. The channel of a clone is of the generation that is offered.
 */
export function receive(
  step: Step,
  from: HostId,
  bytes: Uint8Array,
): Message | 'broken' | undefined {
  const { config, s } = step;
  if (!config.group.some(({ host }) => host === from))
    refuse(step, from, 'stranger', 'a message of nobody in this group');
  const present = s.channel !== 'closed' && from === s.peer;
  if (!present && config.rules.presentChannel) return undefined;
  const message = tryMessage(bytes);
  if (message instanceof MessageError) {
    if (present) refuse(step, from, message.why, message.message);
    return present ? 'broken' : undefined;
  }
  if (!config.rules.presentChannel && message.kind === 'ack') return message;
  if (!present) return undefined;
  const generation = s.clone?.generation ?? s.generation;
  if (message.generation !== generation && message.kind !== 'hello') {
    const reason = `${message.kind} of generation ${message.generation}, expected ${generation}`;
    refuse(step, from, 'generation', reason);
    return undefined;
  }
  s.watch.channelHeardNs = s.nowNs;
  return message;
}

/** Tells that a message was not taken. */
export function refuse({ out }: Step, from: HostId, why: MessageRefusal, reason: string): void {
  out.push({ kind: 'refuse', from, why, reason });
}

/** The message that `bytes` are, if they are one. */
export function readMessage(bytes: Uint8Array): Message | undefined {
  const message = tryMessage(bytes);
  return message instanceof MessageError ? undefined : message;
}

function tryMessage(bytes: Uint8Array): Message | MessageError {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (error instanceof MessageError) return error;
    throw error;
  }
}

/** Closes the channel: nothing that comes from this peer is received or acknowledged any more. */
export function closeChannel({ s, out }: Step): void {
  if (s.channel === 'closed') return;
  s.channel = 'closed';
  s.inbox.waiting = [];
  out.push({ kind: 'close-channel', peer: s.peer });
}
