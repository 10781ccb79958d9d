/**
 * One end of a TCP connection as a state machine without I/O and without a clock (RFC 9293). Time
 * is an argument, in nanoseconds, and never goes back. After any call that changes something, and
 * when `deadlineNs` is reached, ask `poll` for the segments to send.
 *
 *   const end = TcpEndpoint.connect(ports, initialSequence);
 *   end.send(bytes); end.close();
 *   for (;;) { transmit(end.poll(now)); … end.onSegment(segment, now); … end.read() … }
 *
 * Known deviations: no window scaling, no selective acknowledgement, no congestion control (the
 * wire between gateway and guest has no other users), no urgent data;
 * FIN-WAIT-2 waits without limit (but with signs of life), since whoever closed can abort.
 */
import { ringAppend, ringCopy, ringDrop, ringRoom } from './byte-ring.ts';
import { segmentLength, TCP_ACK, TCP_RST, TCP_SYN, type TcpSegment } from './tcp.ts';
import { takeSegment, takeSyn } from './tcp-input.ts';
import { makeSegments } from './tcp-output.ts';
import {
  endTcp,
  newTcpState,
  receiveWindow,
  seqAdd,
  seqDiff,
  TCP_DEFAULTS,
  type TcpConfig,
  type TcpFailure,
  type TcpPhase,
  type TcpState,
} from './tcp-state.ts';

export class TcpEndpoint {
  /** Plain data: `new TcpEndpoint(structuredClone(end.state))` is a fork. */
  readonly state: TcpState;

  constructor(state: TcpState) {
    this.state = state;
  }

  /** The calling side. `initialSequence` (32 bits) should differ from connection to connection. */
  static connect(
    ports: { readonly localPort: number; readonly remotePort: number },
    initialSequence: number,
    config: Partial<TcpConfig> = {},
  ): TcpEndpoint {
    const full = { ...TCP_DEFAULTS, ...config };
    return new TcpEndpoint(newTcpState(full, 'syn-sent', ports, initialSequence));
  }

  /** The called side, for a segment that `isCall`. */
  static accept(
    call: TcpSegment,
    initialSequence: number,
    config: Partial<TcpConfig> = {},
  ): TcpEndpoint {
    const ports = { localPort: call.destinationPort, remotePort: call.sourcePort };
    const full = { ...TCP_DEFAULTS, ...config };
    const state = newTcpState(full, 'syn-received', ports, initialSequence);
    takeSyn(state, call);
    return new TcpEndpoint(state);
  }

  get phase(): TcpPhase {
    return this.state.phase;
  }

  /** Why the connection ended, if it did before its time. */
  get failure(): TcpFailure | undefined {
    return this.state.failure;
  }

  /** Bytes that `read` would return. */
  get readable(): number {
    return this.state.receiveRing.length;
  }

  /** Bytes that `send` would take. */
  get writable(): number {
    const { finWanted, phase, sendRing } = this.state;
    return finWanted || phase === 'closed' ? 0 : ringRoom(sendRing);
  }

  /** Whether the other side has closed and everything before that was read. */
  get atEnd(): boolean {
    const { peerFin, expected, receiveRing } = this.state;
    const finTaken = peerFin !== undefined && expected === seqAdd(peerFin, 1);
    return finTaken && receiveRing.length === 0;
  }

  /** When `poll` must be called at the latest, if nothing happens before. */
  get deadlineNs(): number | undefined {
    const { ackAtNs, retransmitAtNs, keepAliveAtNs, timeWaitUntilNs } = this.state;
    const times = [ackAtNs, retransmitAtNs, keepAliveAtNs, timeWaitUntilNs];
    const set = times.filter((ns) => ns !== undefined);
    return set.length === 0 ? undefined : Math.min(...set);
  }

  /** Takes a segment of this connection (its ports are not looked at). */
  onSegment(segment: TcpSegment, nowNs: number): void {
    takeSegment(this.state, segment, nowNs);
  }

  /** Queues as many of `bytes` as there is room for → their number; 0 after `close`. */
  send(bytes: Uint8Array): number {
    return ringAppend(this.state.sendRing, bytes.subarray(0, this.writable));
  }

  /** Takes the bytes that have arrived in order, at most `limit`, and makes room for more. */
  read(limit = Number.POSITIVE_INFINITY): Uint8Array {
    const { state } = this;
    const { receiveRing, expected } = state;
    const bytes = ringCopy(receiveRing, 0, Math.min(limit, receiveRing.length));
    ringDrop(receiveRing, bytes.length);
    if (expected !== undefined && state.phase !== 'closed' && state.peerFin === undefined) {
      // Tell of new room only when it is worth a segment (RFC 9293 §3.8.6.2.2).
      const opened = seqDiff(seqAdd(expected, receiveWindow(state)), state.windowEnd);
      const worth = Math.min(state.config.maxSegment, receiveRing.bytes.length / 2);
      if (opened >= worth) state.ackDue = true;
    }
    return bytes;
  }

  /** No more bytes will be sent; those queued still are. The other side may go on sending. */
  close(): void {
    const { state } = this;
    if (state.finWanted) return;
    state.finWanted = true;
    if (state.phase === 'established') state.phase = 'fin-wait-1';
    else if (state.phase === 'close-wait') state.phase = 'last-ack';
  }

  /** Ends the connection now; `poll` then tells the other side. */
  abort(): void {
    const { state } = this;
    if (state.phase === 'closed') return;
    if (state.phase !== 'syn-sent' && state.phase !== 'time-wait') state.resetDue = state.highest;
    endTcp(state, 'aborted');
  }

  /** The path to the other side has changed: send again at once what it may have lost. */
  hurry(nowNs: number): void {
    const { state } = this;
    state.silence = 0;
    if (state.retransmitAtNs === undefined) return;
    state.retransmitAtNs = nowNs;
    state.backoff = 0;
  }

  /** The segments to send now, in order. */
  poll(nowNs: number): TcpSegment[] {
    return makeSegments(this.state, nowNs);
  }
}

/** Whether a segment asks for a new connection. */
export function isCall(segment: TcpSegment): boolean {
  return (segment.flags & (TCP_SYN | TCP_ACK | TCP_RST)) === TCP_SYN;
}

/** The answer to a segment that belongs to no connection (RFC 9293 §3.10.7.1), if it needs one. */
export function refuse(segment: TcpSegment): TcpSegment | undefined {
  const { flags, sourcePort, destinationPort } = segment;
  if (flags & TCP_RST) return undefined;
  const acknowledged = (flags & TCP_ACK) !== 0;
  return {
    sourcePort: destinationPort,
    destinationPort: sourcePort,
    sequence: acknowledged ? segment.acknowledgement : 0,
    acknowledgement: acknowledged ? 0 : seqAdd(segment.sequence, segmentLength(segment)),
    flags: acknowledged ? TCP_RST : TCP_RST | TCP_ACK,
    window: 0,
    payload: new Uint8Array(0),
  };
}
