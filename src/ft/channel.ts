/** The logging channel as a replica sees it: whole messages, in order, until somebody closes it. */
import { decodeMessage, encodeMessage, type Message, MessageError } from './messages.ts';
import type { HostId } from './ports.ts';
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
  { config, s }: Step,
  from: HostId,
  bytes: Uint8Array,
): Message | 'broken' | undefined {
  const present = s.channel !== 'closed' && from === s.peer;
  if (!present && config.rules.presentChannel) return undefined;
  const message = readMessage(bytes);
  if (!config.rules.presentChannel && message?.kind === 'ack') return message;
  if (!present) return undefined;
  if (!message) return 'broken';
  const generation = s.clone?.generation ?? s.generation;
  if (message.generation !== generation && message.kind !== 'hello') return undefined;
  s.watch.channelHeardNs = s.nowNs;
  return message;
}

/** The message that `bytes` are, if they are one. */
export function readMessage(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (error instanceof MessageError) return undefined;
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
