/** The logging channel as a replica sees it: whole messages, in order, until somebody closes it. */
import { decodeMessage, encodeMessage, type Message, MessageError } from './messages.ts';
import type { HostId } from './ports.ts';
import type { Step } from './state.ts';

/** Sends one message to the peer. */
export function send({ s, out }: Step, message: Message): void {
  out.push({ kind: 'send', to: s.peer, bytes: encodeMessage(message) });
}

/**
 * The message that came, 'broken' for bytes that are none, or undefined for what must be ignored:
 * a stranger's bytes, what comes after the channel was closed, and other generations' messages
 * (rule 4), greetings aside.
 */
export function receive(
  { s }: Step,
  from: HostId,
  bytes: Uint8Array,
): Message | 'broken' | undefined {
  if (s.channel === 'closed' || from !== s.peer) return undefined;
  const message = read(bytes);
  if (!message) return 'broken';
  if (message.generation !== s.generation && message.kind !== 'hello') return undefined;
  s.watch.channelHeardNs = s.nowNs;
  return message;
}

function read(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (error instanceof MessageError) return undefined;
    throw error;
  }
}

/** Closes the channel for good: nothing that comes later is received or acknowledged. */
export function closeChannel({ s, out }: Step): void {
  if (s.channel === 'closed') return;
  s.channel = 'closed';
  s.inbox.waiting = [];
  out.push({ kind: 'close-channel', peer: s.peer });
}
