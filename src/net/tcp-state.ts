/**
 * The state of one end of a TCP connection (RFC 9293 §3.3), as plain data: a copy of it is a fork
 * of the connection. tcp-input.ts changes it when a segment arrives, tcp-output.ts when segments
 * are made; tcp-endpoint.ts is the door to both.
 *
 * Invariants, in sequence-number arithmetic:
 *   unacknowledged ≤ next ≤ highest
 *   sendRing holds the bytes from unacknowledged on (one further while our SYN is not acknowledged)
 *   receiveRing holds the bytes before `expected` that were not read yet; `islands` lie behind it
 */
import { type ByteRing, byteRing } from './byte-ring.ts';

/** The states of RFC 9293 §3.3.2 that an endpoint can be in. */
export type TcpPhase =
  | 'syn-sent'
  | 'syn-received'
  | 'established'
  | 'fin-wait-1'
  | 'fin-wait-2'
  | 'close-wait'
  | 'closing'
  | 'last-ack'
  | 'time-wait'
  | 'closed';

/** Why a connection ended before its time. */
export type TcpFailure =
  /** Nobody listens at the other side. */
  | 'refused'
  /** The other side gave the connection up. */
  | 'reset'
  /** The other side no longer answers. */
  | 'timeout'
  /** This side gave the connection up. */
  | 'aborted';

/** What may be set for each connection. */
export interface TcpConfig {
  /** Capacity of each of the two buffers, in bytes; the receive window is at most 65,535. */
  readonly bufferBytes: number;
  /** Largest payload that we take, in bytes. */
  readonly maxSegment: number;
  /** When a segment is sent again before the first measurement (1 s in RFC 6298 §2). */
  readonly firstRetransmitNs: number;
  /** Bounds of the time after which a segment is sent again. */
  readonly minRetransmitNs: number;
  readonly maxRetransmitNs: number;
  /** Segments sent again without hearing anything, after which we give up. */
  readonly maxRetries: number;
  /**
   * How long nothing is heard before the other side is asked for a sign of life, then every
   * maxRetransmitNs (RFC 9293 §3.8.4); without it a connection waits for ever.
   */
  readonly keepAliveNs?: number;
  /**
   * How long an acknowledgement may wait for a segment that it can go with (RFC 9293 §3.8.6.3: less
   * than 0.5 s); without it nothing waits.
   */
  readonly delayedAckNs?: number;
  /** How long a closed connection answers a repeated FIN: several times maxRetransmitNs. */
  readonly timeWaitNs: number;
}

/** An Ethernet wire; patience for about a minute. */
export const TCP_DEFAULTS: TcpConfig = Object.freeze({
  bufferBytes: 65_535,
  maxSegment: 1460,
  firstRetransmitNs: 1e9,
  minRetransmitNs: 200e6,
  maxRetransmitNs: 10e9,
  maxRetries: 12,
  timeWaitNs: 60e9,
});

/** Pieces that may lie apart behind a gap; a segment that would make one more is dropped. */
export const MAX_ISLANDS = 16;

/** Bytes that have arrived behind a gap: offsets from the end of what is contiguous. */
export interface Island {
  start: number;
  end: number;
}

export interface TcpState {
  readonly config: TcpConfig;
  readonly localPort: number;
  readonly remotePort: number;
  phase: TcpPhase;
  failure?: TcpFailure;

  /** Our SYN's number (ISS). */
  readonly initialSend: number;
  /** Whether the other side has acknowledged it. */
  synAcknowledged: boolean;
  /** The first number that was not acknowledged (SND.UNA). */
  unacknowledged: number;
  /** The next number to send (SND.NXT); goes back when we send again. */
  next: number;
  /** The first number never sent. */
  highest: number;
  readonly sendRing: ByteRing;
  /** The other side's window (SND.WND), the largest ever, and the segment that told it. */
  window: number;
  largestWindow: number;
  windowSequence: number;
  windowAcknowledgement: number;
  /** Largest payload to send. */
  maxSegment: number;
  /** `close` was called: a FIN follows the bytes in the ring. Its number, once sent. */
  finWanted: boolean;
  finSequence?: number;
  duplicateAcks: number;

  /** The number expected next (RCV.NXT); undefined before the other side's SYN. */
  expected?: number;
  readonly receiveRing: ByteRing;
  islands: Island[];
  /** The number of the other side's FIN, once seen. */
  peerFin?: number;
  /** The end of the window that the other side was told. */
  windowEnd: number;

  /** Something to tell now. */
  ackDue: boolean;
  /** Something to tell then at the latest. */
  ackAtNs?: number;
  /** Send the oldest unacknowledged segment again now. */
  resendDue: boolean;
  /** Send at least one byte, whatever the window says. */
  probeDue: boolean;
  /** Send a reset with this number now. */
  resetDue?: number;
  /** Challenges (RFC 5961 §7) are not sent before. */
  nextChallengeNs: number;

  /** Smoothed round trip and its variation (RFC 6298); undefined before the first measurement. */
  roundTripNs?: number;
  variationNs: number;
  retransmitNs: number;
  /** The round trip that is being measured: ends when `sequence` is acknowledged. */
  timing?: { readonly sequence: number; readonly sentNs: number };
  retransmitAtNs?: number;
  /** Times that the present segment was sent again: doubles the waiting. */
  backoff: number;
  /** Times that we sent again, or asked for a sign of life, without hearing anything. */
  silence: number;
  /** When the other side is asked for a sign of life, unless something is heard before. */
  keepAliveAtNs?: number;
  timeWaitUntilNs?: number;
}

/** `n` numbers after `sequence`. */
export function seqAdd(sequence: number, n: number): number {
  return (sequence + n) >>> 0;
}

/** How far `a` is after `b`, from −2^31 to 2^31 − 1. */
export function seqDiff(a: number, b: number): number {
  return (a - b) | 0;
}

/** A connection of which nothing was sent or received yet. */
export function newTcpState(
  config: TcpConfig,
  phase: 'syn-sent' | 'syn-received',
  ports: { readonly localPort: number; readonly remotePort: number },
  initialSend: number,
): TcpState {
  return {
    config,
    ...ports,
    phase,
    initialSend,
    synAcknowledged: false,
    unacknowledged: initialSend,
    next: initialSend,
    highest: initialSend,
    sendRing: byteRing(config.bufferBytes),
    window: 0,
    largestWindow: 0,
    windowSequence: 0,
    windowAcknowledgement: 0,
    maxSegment: 536,
    finWanted: false,
    duplicateAcks: 0,
    receiveRing: byteRing(config.bufferBytes),
    islands: [],
    windowEnd: 0,
    ackDue: false,
    resendDue: false,
    probeDue: false,
    nextChallengeNs: 0,
    variationNs: 0,
    retransmitNs: Math.max(config.firstRetransmitNs, config.minRetransmitNs),
    backoff: 0,
    silence: 0,
  };
}

/** Ends the connection; nothing more is sent but a reset that is due. */
export function endTcp(state: TcpState, failure?: TcpFailure): void {
  state.phase = 'closed';
  if (failure) state.failure = failure;
  delete state.retransmitAtNs;
  delete state.keepAliveAtNs;
  delete state.timeWaitUntilNs;
  delete state.ackAtNs;
  state.ackDue = false;
}

/** Bytes that the other side may send now: the room of the ring, as far as 16 bits can tell it. */
export function receiveWindow(state: TcpState): number {
  return Math.min(state.receiveRing.bytes.length - state.receiveRing.length, 0xffff);
}

/** How long to wait before sending again. */
export function retransmitDelayNs(state: TcpState): number {
  return Math.min(state.retransmitNs * 2 ** state.backoff, state.config.maxRetransmitNs);
}
