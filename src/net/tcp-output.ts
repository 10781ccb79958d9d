/** Which segments a connection sends now, and when it must be asked again (RFC 9293 §3.8). */
import { ringCopy } from './byte-ring.ts';
import { TCP_ACK, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN, type TcpSegment } from './tcp.ts';
import {
  endTcp,
  receiveWindow,
  retransmitDelayNs,
  seqAdd,
  seqDiff,
  type TcpState,
} from './tcp-state.ts';

const NOTHING = new Uint8Array(0);

/** The segments to send at `nowNs`, in order. */
export function makeSegments(state: TcpState, nowNs: number): TcpSegment[] {
  expireTimers(state, nowNs);
  const out: TcpSegment[] = [];
  askForLife(state, nowNs, out);
  if (state.resetDue !== undefined) {
    out.push(segment(state, state.resetDue, TCP_RST, NOTHING));
    delete state.resetDue;
  }
  if (state.phase === 'closed') return out;
  if (state.phase === 'syn-sent' || state.phase === 'syn-received') sendSyn(state, nowNs, out);
  else sendBytes(state, nowNs, out);
  // `highest` and not `next`, which may have gone back: the other side would take it for old.
  if (state.ackDue) out.push(segment(state, state.highest, TCP_ACK, NOTHING));
  return out;
}

function expireTimers(state: TcpState, nowNs: number): void {
  if (state.ackAtNs !== undefined && nowNs >= state.ackAtNs) state.ackDue = true;
  if (state.timeWaitUntilNs !== undefined && nowNs >= state.timeWaitUntilNs) endTcp(state);
  if (state.retransmitAtNs === undefined || nowNs < state.retransmitAtNs) return;
  delete state.retransmitAtNs;
  // A round trip that contains a repetition measures nothing (Karn).
  delete state.timing;
  if (!keepsPatience(state)) return;
  state.backoff++;
  state.next = state.unacknowledged;
  state.probeDue = true;
}

/** Whether to try once more; else the connection has ended. */
function keepsPatience(state: TcpState): boolean {
  if (state.silence === state.config.maxRetries) endTcp(state, 'timeout');
  else state.silence++;
  return state.phase !== 'closed';
}

/**
 * Where nothing is on its way whose answer would show that the other side lives: an empty segment
 * with a number of the past, which is answered (RFC 9293 §3.8.4).
 */
function askForLife(state: TcpState, nowNs: number, out: TcpSegment[]): void {
  if (state.keepAliveAtNs === undefined || nowNs < state.keepAliveAtNs) return;
  state.keepAliveAtNs = nowNs + state.config.maxRetransmitNs;
  if (state.retransmitAtNs !== undefined || state.phase === 'time-wait') return;
  if (keepsPatience(state)) out.push(segment(state, seqAdd(state.highest, -1), TCP_ACK, NOTHING));
}

/** A segment with our present acknowledgement and window. */
function segment(
  state: TcpState,
  sequence: number,
  flags: number,
  payload: Uint8Array,
): TcpSegment {
  const { localPort: sourcePort, remotePort: destinationPort, expected } = state;
  const heard = expected !== undefined && !(flags & TCP_RST);
  const window = receiveWindow(state);
  if (heard) {
    state.ackDue = false;
    delete state.ackAtNs;
    state.windowEnd = seqAdd(expected, window);
  }
  return {
    sourcePort,
    destinationPort,
    sequence,
    acknowledgement: heard ? expected : 0,
    flags: heard ? flags | TCP_ACK : flags,
    window: flags & TCP_RST ? 0 : window,
    ...(flags & TCP_SYN && { maxSegment: state.config.maxSegment }),
    payload,
  };
}

function sendSyn(state: TcpState, nowNs: number, out: TcpSegment[]): void {
  if (state.next !== state.initialSend) return;
  out.push(segment(state, state.initialSend, TCP_SYN, NOTHING));
  state.probeDue = false;
  sent(state, seqAdd(state.initialSend, 1), nowNs);
}

function sendBytes(state: TcpState, nowNs: number, out: TcpSegment[]): void {
  if (state.resendDue) {
    state.resendDue = false;
    const size = Math.min(state.sendRing.length, state.maxSegment, Math.max(state.window, 1));
    if (state.unacknowledged !== state.highest) push(state, state.unacknowledged, size, nowNs, out);
    delete state.timing;
  }
  for (;;) {
    const offset = seqDiff(state.next, state.unacknowledged);
    const unsent = state.sendRing.length - offset;
    const allowed = Math.max(state.window - offset, state.probeDue ? 1 : 0);
    const size = Math.min(unsent, allowed, state.maxSegment);
    const finOnly = unsent === 0 && state.finWanted && !finSent(state);
    if (size <= 0 && !finOnly) break;
    if (!state.probeDue && !worthwhile(state, size, unsent)) break;
    push(state, state.next, size, nowNs, out);
    state.probeDue = false;
  }
  // Bytes that no window lets go, and nothing on its way whose answer could open it: probe later.
  const blocked = state.next === state.unacknowledged && state.sendRing.length > 0;
  if (blocked) state.retransmitAtNs ??= nowNs + retransmitDelayNs(state);
}

/** Whether the next number to send is behind our FIN. */
function finSent(state: TcpState): boolean {
  return state.finSequence !== undefined && seqDiff(state.next, state.finSequence) > 0;
}

/** Whether a segment of `size` bytes is not silly (RFC 9293 §3.8.6.2.1); Nagle is not applied. */
function worthwhile(state: TcpState, size: number, unsent: number): boolean {
  return size === unsent || size === state.maxSegment || size >= state.largestWindow / 2;
}

/** Sends `size` bytes from the number `sequence` on, and the FIN if it follows at once. */
function push(
  state: TcpState,
  sequence: number,
  size: number,
  nowNs: number,
  out: TcpSegment[],
): void {
  const offset = seqDiff(sequence, state.unacknowledged);
  const last = offset + size === state.sendRing.length;
  const fin = last && state.finWanted;
  const flags = TCP_ACK | (last && size > 0 ? TCP_PSH : 0) | (fin ? TCP_FIN : 0);
  out.push(segment(state, sequence, flags, ringCopy(state.sendRing, offset, size)));
  const end = seqAdd(sequence, size);
  if (fin) state.finSequence = end;
  sent(state, fin ? seqAdd(end, 1) : end, nowNs);
}

/** Numbers up to `end` were sent: move on, and start the timers. */
function sent(state: TcpState, end: number, nowNs: number): void {
  const firstOnItsWay = state.unacknowledged === state.highest;
  if (seqDiff(end, state.next) > 0) state.next = end;
  if (seqDiff(end, state.highest) > 0) {
    state.highest = end;
    state.timing ??= { sequence: end, sentNs: nowNs };
  }
  const atNs = nowNs + retransmitDelayNs(state);
  state.retransmitAtNs = firstOnItsWay ? atNs : (state.retransmitAtNs ?? atNs);
}
