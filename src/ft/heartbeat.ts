/**
 * Detection of failure [P §2.3]: heartbeats both ways and the traffic of the channel are watched,
 * and either one stopping for longer than the timeout declares failure. Silence on the channel
 * means trouble because an empty batch goes out with every heartbeat period (contracts.md 11).
 */
import { decodeMessage, encodeMessage, type Message, MessageError } from './messages.ts';
import type { Step } from './state.ts';

/** When the peer was heard, and when it must hear from us. */
export interface Watch {
  /** When the peer was last heard by heartbeat, and on the channel; host time in ns. */
  heartbeatHeardNs: number;
  channelHeardNs: number;
  /** When our next heartbeat goes out. */
  nextHeartbeatNs: number;
}

/** Nothing heard yet. */
export const newWatch = (): Watch => ({
  heartbeatHeardNs: 0,
  channelHeardNs: 0,
  nextHeartbeatNs: 0,
});

/** Begins to watch: the peer has the whole timeout to be heard for the first time. */
export function startWatch({ s }: Step): void {
  s.watch = { heartbeatHeardNs: s.nowNs, channelHeardNs: s.nowNs, nextHeartbeatNs: s.nowNs };
}

/** Sends a heartbeat to every host of the group when one is due; says whether it was. */
export function beat({ config, s, out }: Step): boolean {
  if (s.nowNs < s.watch.nextHeartbeatNs) return false;
  s.watch.nextHeartbeatNs = s.nowNs + config.timing.heartbeatNs;
  const { generation, token } = s;
  const bytes = encodeMessage({ kind: 'heartbeat', generation, machine: config.machine, token });
  for (const { host } of config.group) {
    if (host !== config.host) out.push({ kind: 'heartbeat', to: host, bytes });
  }
  return true;
}

/**
 * The heartbeat in a datagram, or undefined for anything else: anyone may send us a datagram. A
 * standby that says that it is there is remembered.
 */
export function readHeartbeat(
  { config, s }: Step,
  from: string,
  bytes: Uint8Array,
): (Message & { kind: 'heartbeat' }) | undefined {
  if (!config.group.some(({ host }) => host === from)) return undefined;
  try {
    const message = decodeMessage(bytes);
    if (message.kind !== 'heartbeat' || message.machine !== config.machine) return undefined;
    if (message.token === 0) s.standbys[from] = { heardNs: s.nowNs };
    else delete s.standbys[from];
    return message;
  } catch (error) {
    if (error instanceof MessageError) return undefined;
    throw error;
  }
}

/** When the peer counts as failed unless it is heard before. */
export function failureAtNs({ config, s }: Step): number {
  const heard = Math.min(s.watch.heartbeatHeardNs, s.watch.channelHeardNs);
  return heard + config.timing.failureTimeoutNs;
}
