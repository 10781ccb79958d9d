/** What a segment that arrives does to a connection (RFC 9293 §3.10.7). */
import { ringDrop, ringExtend, ringPlace } from './byte-ring.ts';
import { segmentLength, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN, type TcpSegment } from './tcp.ts';
import {
  endTcp,
  type Island,
  MAX_ISLANDS,
  receiveWindow,
  retransmitDelayNs,
  seqAdd,
  seqDiff,
  type TcpFailure,
  type TcpPhase,
  type TcpState,
} from './tcp-state.ts';

/**
 * A challenge is sent at most this often: two confused ends must not answer each other for ever.
 */
const CHALLENGE_INTERVAL_NS = 100e6;
const DUPLICATES_BEFORE_RESEND = 3;

/** Takes a segment of this connection that has arrived at `nowNs`. */
export function takeSegment(state: TcpState, segment: TcpSegment, nowNs: number): void {
  if (state.phase === 'closed') return;
  if (state.expected === undefined) {
    takeInSynSent(state, segment, nowNs);
    return;
  }
  const { flags } = segment;
  if (!isAcceptable(state, state.expected, segment)) {
    if (!(flags & TCP_RST)) answerUnacceptable(state, segment, nowNs);
    return;
  }
  if (flags & TCP_RST) {
    // Only the exact number proves that the sender knows the connection (RFC 5961 §3).
    if (segment.sequence === state.expected) endTcp(state, meaningOfReset(state.phase));
    else challenge(state, nowNs);
    return;
  }
  if (flags & TCP_SYN) {
    challenge(state, nowNs);
    return;
  }
  if (!(flags & TCP_ACK)) return;
  heard(state, nowNs);
  if (!takeAcknowledgement(state, segment, nowNs)) return;
  takePayload(state, state.expected, segment, nowNs);
  takeFin(state, nowNs);
}

/** The other side lives. */
function heard(state: TcpState, nowNs: number): void {
  const { keepAliveNs } = state.config;
  state.silence = 0;
  if (keepAliveNs !== undefined) state.keepAliveAtNs = nowNs + keepAliveNs;
}

/**
 * What is lost by a reset: nothing where both sides have sent all they had, and one of them has
 * forgotten the connection already (RFC 9293 §3.10.7.4).
 */
function meaningOfReset(phase: TcpPhase): TcpFailure | undefined {
  if (phase === 'syn-received') return 'refused';
  return phase === 'closing' || phase === 'last-ack' || phase === 'time-wait' ? undefined : 'reset';
}

/** Notes the other side's SYN. */
export function takeSyn(state: TcpState, segment: TcpSegment): void {
  state.expected = seqAdd(segment.sequence, 1);
  state.windowEnd = state.expected;
  state.window = segment.window;
  state.largestWindow = segment.window;
  state.windowSequence = segment.sequence;
  state.windowAcknowledgement = segment.acknowledgement;
  // RFC 9293 §3.7.1: a side that does not say takes 536 bytes.
  state.maxSegment = Math.max(1, Math.min(segment.maxSegment ?? 536, state.config.maxSegment));
}

function takeInSynSent(state: TcpState, segment: TcpSegment, nowNs: number): void {
  const { flags, acknowledgement } = segment;
  if (flags & TCP_ACK && acknowledgement !== seqAdd(state.initialSend, 1)) {
    if (!(flags & TCP_RST)) state.resetDue = acknowledgement;
    return;
  }
  if (flags & TCP_RST) {
    if (flags & TCP_ACK) endTcp(state, 'refused');
    return;
  }
  if (!(flags & TCP_SYN)) return;
  takeSyn(state, segment);
  if (flags & TCP_ACK) {
    heard(state, nowNs);
    advance(state, acknowledgement, nowNs);
    state.phase = connected(state);
    state.ackDue = true;
  } else {
    // Both sides have called at once: our SYN goes out again, now with an acknowledgement.
    state.phase = 'syn-received';
    state.next = state.initialSend;
  }
}

/** The phase after the opening: `close` may have been called before it was over. */
function connected(state: TcpState): TcpPhase {
  return state.finWanted ? 'fin-wait-1' : 'established';
}

/** Whether the segment overlaps the window, or begins where we wait although there is no room. */
function isAcceptable(state: TcpState, expected: number, segment: TcpSegment): boolean {
  const offset = seqDiff(segment.sequence, expected);
  const length = segmentLength(segment);
  if (length === 0) return offset === 0 || (offset > 0 && offset < receiveWindow(state));
  return offset < Math.max(receiveWindow(state), 1) && offset + length > 0;
}

/** An old or stray segment: say where we are, so that the other side can go on. */
function answerUnacceptable(state: TcpState, segment: TcpSegment, nowNs: number): void {
  if (state.phase === 'time-wait' && segment.flags & TCP_FIN)
    state.timeWaitUntilNs = nowNs + state.config.timeWaitNs;
  if (segmentLength(segment) > 0) state.ackDue = true;
  else challenge(state, nowNs);
}

function challenge(state: TcpState, nowNs: number): void {
  if (nowNs < state.nextChallengeNs) return;
  state.nextChallengeNs = nowNs + CHALLENGE_INTERVAL_NS;
  state.ackDue = true;
}

/** Takes the acknowledgement and the window of a segment → whether to look at the rest of it. */
function takeAcknowledgement(state: TcpState, segment: TcpSegment, nowNs: number): boolean {
  const { acknowledgement } = segment;
  const progress = seqDiff(acknowledgement, state.unacknowledged);
  const beyond = seqDiff(acknowledgement, state.highest) > 0;
  if (state.phase === 'syn-received') {
    if (progress <= 0 || beyond) {
      state.resetDue = acknowledgement;
      return false;
    }
    state.phase = connected(state);
  }
  if (beyond) {
    challenge(state, nowNs);
    return false;
  }
  if (progress > 0) advance(state, acknowledgement, nowNs);
  else if (progress === 0) countDuplicate(state, segment);
  takeWindow(state, segment);
  return takeFinAcknowledgement(state, nowNs);
}

/** Everything before `acknowledgement` has arrived at the other side. */
function advance(state: TcpState, acknowledgement: number, nowNs: number): void {
  const numbers = seqDiff(acknowledgement, state.unacknowledged);
  const bytes = state.synAcknowledged ? numbers : numbers - 1;
  state.synAcknowledged = true;
  // Our FIN has a number, too, but is not in the ring.
  ringDrop(state.sendRing, Math.min(bytes, state.sendRing.length));
  state.unacknowledged = acknowledgement;
  if (seqDiff(state.next, acknowledgement) < 0) state.next = acknowledgement;
  state.duplicateAcks = 0;
  state.backoff = 0;
  state.probeDue = false;
  measure(state, acknowledgement, nowNs);
  if (acknowledgement === state.highest) delete state.retransmitAtNs;
  else state.retransmitAtNs = nowNs + retransmitDelayNs(state);
}

/** Ends a measurement of the round trip (RFC 6298 §2). */
function measure(state: TcpState, acknowledgement: number, nowNs: number): void {
  const { timing, config } = state;
  if (!timing || seqDiff(acknowledgement, timing.sequence) < 0) return;
  delete state.timing;
  const sample = nowNs - timing.sentNs;
  if (state.roundTripNs === undefined) {
    state.roundTripNs = sample;
    state.variationNs = sample / 2;
  } else {
    const error = Math.abs(state.roundTripNs - sample);
    state.variationNs += (error - state.variationNs) / 4;
    state.roundTripNs += (sample - state.roundTripNs) / 8;
  }
  const wanted = Math.round(state.roundTripNs + 4 * state.variationNs);
  const { minRetransmitNs, maxRetransmitNs } = config;
  state.retransmitNs = Math.min(Math.max(wanted, minRetransmitNs), maxRetransmitNs);
}

/** Three repetitions of an acknowledgement mean that one segment was lost (RFC 5681 §3.2). */
function countDuplicate(state: TcpState, segment: TcpSegment): void {
  const inFlight = state.unacknowledged !== state.highest;
  if (!inFlight || segmentLength(segment) > 0 || segment.window !== state.window) return;
  state.duplicateAcks++;
  if (state.duplicateAcks === DUPLICATES_BEFORE_RESEND) state.resendDue = true;
}

function takeWindow(state: TcpState, segment: TcpSegment): void {
  const newer = seqDiff(segment.sequence, state.windowSequence);
  const later = seqDiff(segment.acknowledgement, state.windowAcknowledgement);
  if (newer < 0 || (newer === 0 && later < 0)) return;
  // A window that opens again ends the probing.
  if (state.window === 0 && segment.window > 0) state.backoff = 0;
  state.window = segment.window;
  state.largestWindow = Math.max(state.largestWindow, segment.window);
  state.windowSequence = segment.sequence;
  state.windowAcknowledgement = segment.acknowledgement;
}

/** What the acknowledgement of our FIN changes → whether the connection lives on. */
function takeFinAcknowledgement(state: TcpState, nowNs: number): boolean {
  const { finSequence } = state;
  if (finSequence === undefined || seqDiff(state.unacknowledged, finSequence) <= 0) return true;
  if (state.phase === 'fin-wait-1') state.phase = 'fin-wait-2';
  else if (state.phase === 'closing') enterTimeWait(state, nowNs);
  else if (state.phase === 'last-ack') endTcp(state);
  return state.phase !== 'closed';
}

function enterTimeWait(state: TcpState, nowNs: number): void {
  state.phase = 'time-wait';
  state.timeWaitUntilNs = nowNs + state.config.timeWaitNs;
}

function takePayload(state: TcpState, expected: number, segment: TcpSegment, nowNs: number): void {
  if (segmentLength(segment) === 0) return;
  acknowledge(state, expected, segment, nowNs);
  const { phase } = state;
  if (phase !== 'established' && phase !== 'fin-wait-1' && phase !== 'fin-wait-2') return;
  const room = receiveWindow(state);
  const offset = seqDiff(segment.sequence, expected);
  const start = Math.max(offset, 0);
  const end = Math.min(offset + segment.payload.length, room);
  const complete = end === offset + segment.payload.length;
  if (start < end) {
    const islands = addIsland(state.islands, { start, end });
    if (islands.length > MAX_ISLANDS) return;
    ringPlace(
      state.receiveRing,
      state.receiveRing.length + start,
      segment.payload.subarray(start - offset, end - offset),
    );
    state.islands = islands;
  }
  if (segment.flags & TCP_FIN && complete)
    state.peerFin = seqAdd(segment.sequence, segment.payload.length);
  if (state.islands[0]?.start === 0) takeContiguous(state, expected);
}

/**
 * An acknowledgement may wait for something to go with, but not that of every second segment, nor
 * of one that is out of order, the last, or too long for our room (RFC 9293 §3.8.6.3, RFC 5681
 * §4.2).
 */
function acknowledge(
  state: TcpState,
  expected: number,
  { sequence, flags, payload }: TcpSegment,
  nowNs: number,
): void {
  const { delayedAckNs } = state.config;
  const isNext = sequence === expected && state.islands.length === 0 && !(flags & TCP_FIN);
  const mayWait = isNext && payload.length <= receiveWindow(state) && state.ackAtNs === undefined;
  if (mayWait && delayedAckNs !== undefined) state.ackAtNs = nowNs + delayedAckNs;
  else state.ackDue = true;
}

/** `islands` with one more: in order, apart from each other. */
function addIsland(islands: readonly Island[], added: Island): Island[] {
  const apart: Island[] = [];
  let { start, end } = added;
  for (const island of islands) {
    if (island.end < start || island.start > end) apart.push(island);
    else {
      start = Math.min(start, island.start);
      end = Math.max(end, island.end);
    }
  }
  const before = apart.filter((island) => island.end < start);
  return [...before, { start, end }, ...apart.slice(before.length)];
}

/** The first island touches what we have: it becomes readable. */
function takeContiguous(state: TcpState, expected: number): void {
  const [first, ...rest] = state.islands;
  const size = first!.end;
  ringExtend(state.receiveRing, size);
  state.expected = seqAdd(expected, size);
  state.islands = rest.map(({ start, end }) => ({ start: start - size, end: end - size }));
}

/** The other side's FIN, once everything before it is here. */
function takeFin(state: TcpState, nowNs: number): void {
  if (state.peerFin === undefined || state.peerFin !== state.expected) return;
  state.expected = seqAdd(state.expected, 1);
  if (state.phase === 'established') state.phase = 'close-wait';
  else if (state.phase === 'fin-wait-1') state.phase = 'closing';
  else if (state.phase === 'fin-wait-2') enterTimeWait(state, nowNs);
}
