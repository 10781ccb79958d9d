/**
 * Re-protection, at the source [P §3.1, FT VMotion]: an alone replica makes a standby its backup
 * without anyone asking. The standby's part is in joining.ts.
 *
 *   offered   the standby asks the arbiter whether this replica has won its generation (rule 15)
 *   rounds    pages travel while the guest runs and its outputs leave; each round is what has
 *             changed during the one before, until a round takes no longer than the pause allowed
 *   stopping  the stretch that is out ends; then the last round is taken at once
 *   held      the last round travels; the Output Rule is on, the guest runs (rule 11)
 *   begun     the last message is out: this replica is the primary of the next generation, and
 *             leaves the rule only by winning it (rule 12); over with the first acknowledgement
 *
 * Outputs wait from the last round on until the new backup answers: the last round, and a trip of
 * the last message and its answer. Together they take no longer than the pause allowed, or the
 * clone is given up: beforehand, where rate and trip of the rounds before tell so (too-dirty, after
 * so many rounds), and while outputs wait, if the channel has become slower (pause-too-long). Only
 * a channel that gets slower in the very last trip can make the pause longer.
 *
 * Until the last message giving up costs nothing but the number (rules 12 and 13). A guest that
 * writes to memory too fast stays alone; to slow it down would be the business of flow control.
 */
import { newArbitration } from './arbitration.ts';
import { closeChannel, receive, send } from './channel.ts';
import { startWatch } from './heartbeat.ts';
import { newLag } from './lag.ts';
import { newLocalReads } from './local-reads.ts';
import type { Handover, Message } from './messages.ts';
import type { PendingOutput } from './output-rule.ts';
import { type Event, type GiveUp, type HostId, tokenOf } from './ports.ts';
import type { Step } from './state.ts';
import { newWindow } from './window.ts';

/** The copy of a machine to a standby. */
export interface Clone {
  stage: 'offered' | 'rounds' | 'stopping' | 'held' | 'begun';
  /** The generation that is offered. */
  readonly generation: number;
  /** The generation that this replica has won. */
  readonly won: number;
  /** Rounds begun; bytes of the present one, and when it began. */
  round: number;
  roundBytes: number;
  roundBeganNs: number;
  /** Bytes of all rounds. */
  bytes: number;
  /** A `capture` or `read-piece` is out. */
  waiting: boolean;
  /** All pieces of the round have been read. */
  read: boolean;
  nextPiece: number;
  underWay: { number: number; bytes: number; sentNs: number }[];
  /** Bytes per ns that the channel has carried in its best round. */
  rate: number;
  /** The shortest time from a piece to its acknowledgement, in ns. */
  tripNs: number;
  /** What the last message will say, from when the machine stood still; and when that was. */
  handover: Handover | undefined;
  heldNs: number;
}

/**
 * The standby that an alone replica would be protected by: the first of the group that says that it
 * is there and that is not in the same place; another than the last one tried, if there is one.
 */
export function chooseStandby({ config, s }: Step): HostId | undefined {
  const own = config.group.find(({ host }) => host === config.host);
  const present = config.group.filter(({ host, place }) => {
    const heardNs = s.standbys[host]?.heardNs;
    if (heardNs === undefined || place === own?.place) return false;
    return s.nowNs < heardNs + config.timing.failureTimeoutNs;
  });
  return (present.find(({ host }) => host !== s.nextClone.tried) ?? present[0])?.host;
}

/** Begins a clone, goes on with it, or gives it up, as time has it. */
export function advanceClone(step: Step): void {
  const { s } = step;
  if (!s.clone) {
    if (s.arbitration.stage !== 'won' || s.execution.ended || s.nowNs < s.nextClone.atNs) return;
    const standby = chooseStandby(step);
    if (standby !== undefined) offer(step, standby);
    return;
  }
  if (s.execution.ended) giveUp(step, 'ended');
  else if (s.nowNs >= handoverByNs(step)) giveUp(step, 'pause-too-long');
  else if (isLost(step, s.clone)) giveUp(step, 'standby-lost');
  else if (s.clone.stage === 'stopping') takeLastRound(step, s.clone);
}

function offer(step: Step, standby: HostId): void {
  const { config, s, out } = step;
  const { machine, owner, configuration } = config;
  s.peer = standby;
  s.channel = 'open';
  s.spent++;
  s.clone = {
    stage: 'offered',
    generation: s.spent,
    won: s.generation,
    round: 0,
    roundBytes: 0,
    roundBeganNs: 0,
    bytes: 0,
    waiting: false,
    read: false,
    nextPiece: 0,
    underWay: [],
    rate: 0,
    tripNs: Number.POSITIVE_INFINITY,
    handover: undefined,
    heldNs: 0,
  };
  s.watch.heartbeatHeardNs = s.watch.channelHeardNs = s.nowNs;
  const [generation, won] = [s.spent, s.generation];
  out.push({ kind: 'protection', peer: standby, news: { what: 'begins', generation } });
  send(step, { kind: 'offer', generation, machine, owner, configuration, won });
}

/** The channel need not be heard while nothing is under way on it. */
function isLost({ config, s }: Step, clone: Clone): boolean {
  const { heartbeatHeardNs, channelHeardNs } = s.watch;
  const awaited = clone.stage === 'offered' || clone.underWay.length > 0;
  const heardNs = awaited ? Math.min(heartbeatHeardNs, channelHeardNs) : heartbeatHeardNs;
  return s.nowNs >= heardNs + config.timing.failureTimeoutNs;
}

/** When the last message must be out, of a clone for which outputs wait; never for others. */
export function handoverByNs({ config, s: { clone } }: Step): number {
  if (clone?.stage !== 'held') return Number.POSITIVE_INFINITY;
  return clone.heldNs + config.limits.pauseNs - clone.tripNs;
}

/** Rule 13: as if there had been no offer, but its number is spent. */
export function giveUp(step: Step, reason: GiveUp): void {
  if (!step.s.clone) return;
  closeChannel(step);
  step.s.window = newWindow();
  endClone(step, reason);
}

/** The clone has come to nothing; another standby is tried after a while. */
export function endClone({ config, s, out }: Step, reason: GiveUp): void {
  if (!s.clone) return;
  s.clone = undefined;
  s.nextClone = { atNs: s.nowNs + config.timing.failureTimeoutNs, tried: s.peer };
  out.push({ kind: 'protection', peer: s.peer, news: { what: 'given-up', reason } });
}

/** A message of the standby, to a source that is still alone. */
export function onStandbyMessage(step: Step, from: HostId, bytes: Uint8Array): void {
  const { s } = step;
  const message = receive(step, from, bytes);
  if (!message || !s.clone) return;
  if (message === 'broken') giveUp(step, 'standby-lost');
  else if (message.kind === 'goodbye') giveUp(step, 'refused');
  else if (message.kind === 'accept' && s.clone.stage === 'offered') nextRound(step, s.clone);
  else if (message.kind === 'piece-ack') onPieceAck(step, s.clone, message);
}

function nextRound({ s, out }: Step, clone: Clone): void {
  clone.stage = 'rounds';
  capture({ s, out }, clone, false);
}

function capture({ out }: Pick<Step, 's' | 'out'>, clone: Clone, final: boolean): void {
  clone.waiting = true;
  clone.round++;
  const { generation: attempt, round } = clone;
  out.push({ kind: 'capture', attempt, round, final });
}

function takeLastRound(step: Step, clone: Clone): void {
  if (!step.s.execution.running && !clone.waiting) capture(step, clone, true);
}

/** A round has been taken. The last one holds the outputs back, unless it is too much. */
export function onCaptured(step: Step, event: Event & { kind: 'captured' }): void {
  const { config, s } = step;
  const { clone } = s;
  if (clone?.generation !== event.attempt) return;
  clone.waiting = false;
  clone.read = false;
  clone.roundBytes = event.bytes;
  clone.roundBeganNs = s.nowNs;
  clone.bytes += event.bytes;
  if (event.end) {
    if (event.bytes / clone.rate + clone.tripNs > config.limits.pauseNs) {
      clone.stage = 'rounds';
    } else {
      clone.stage = 'held';
      clone.heldNs = s.nowNs;
      const { entries, count, digest } = event.end;
      const { percent } = s.execution;
      const outputs = s.outputs.next;
      clone.handover = { entries, count, percent, digest, outputs, pending: pending(step) };
      s.window = { ...newWindow(), sent: entries, acknowledged: entries, executed: entries };
      s.lag = newLag();
      s.reads = newLocalReads();
    }
  }
  readPieces(step, clone);
}

function pending({ s }: Step): PendingOutput[] {
  const all = [...s.outputs.released, ...s.outputs.held];
  all.sort((a, b) => a.ordinal - b.ordinal);
  return all.map(({ ordinal, entry, output }) => ({ ordinal, entry, output }));
}

function readPieces({ config, s, out }: Step, clone: Clone): void {
  if (clone.waiting || clone.read) return;
  let underWay = 0;
  for (const { bytes } of clone.underWay) underWay += bytes;
  if (underWay >= config.limits.cloneBytes) return;
  if (underWay === 0) s.watch.channelHeardNs = s.nowNs;
  clone.waiting = true;
  const { generation: attempt } = clone;
  out.push({ kind: 'read-piece', attempt, bytes: config.limits.pieceBytes });
}

/** A piece has been read: it goes out. */
export function onPiece(step: Step, event: Event & { kind: 'piece' }): void {
  const { clone } = step.s;
  if (clone?.generation !== event.attempt) return;
  clone.waiting = false;
  clone.read = event.last;
  const { generation, nextPiece: number } = clone;
  clone.nextPiece++;
  clone.underWay.push({ number, bytes: event.bytes.length, sentNs: step.s.nowNs });
  send(step, { kind: 'piece', generation, number, bytes: event.bytes });
  readPieces(step, clone);
}

function onPieceAck(step: Step, clone: Clone, { number }: Message & { kind: 'piece-ack' }): void {
  const at = clone.underWay.findIndex((piece) => piece.number === number);
  if (at < 0) return;
  clone.tripNs = Math.min(clone.tripNs, step.s.nowNs - clone.underWay[at]!.sentNs);
  clone.underWay.splice(0, at + 1);
  if (clone.read && clone.underWay.length === 0) endRound(step, clone);
  else readPieces(step, clone);
}

/** All of a round is at the standby. */
function endRound(step: Step, clone: Clone): void {
  const { config, s, out } = step;
  const tookNs = Math.max(1, s.nowNs - clone.roundBeganNs);
  clone.rate = Math.max(clone.rate, clone.roundBytes / tookNs);
  const short = tookNs + clone.tripNs <= config.limits.pauseNs;
  if (clone.stage === 'held') {
    beginGeneration(step, clone);
  } else if (clone.round >= config.limits.cloneRounds + (short ? 1 : 0)) {
    giveUp(step, 'too-dirty');
  } else if (short) {
    clone.stage = 'stopping';
    if (s.execution.running) out.push({ kind: 'stop' });
  } else {
    nextRound(step, clone);
  }
}

/** Rule 11: the last message goes out, and with it the next generation begins, here. */
function beginGeneration(step: Step, clone: Clone): void {
  const { s, out } = step;
  clone.stage = 'begun';
  send(step, { kind: 'last', generation: clone.generation, ...clone.handover! });
  s.role = 'primary';
  s.generation = clone.generation;
  s.token = tokenOf(s.generation, false);
  s.arbitration = newArbitration();
  startWatch(step);
  out.push({ kind: 'announce', token: s.token });
}

/** The first acknowledgement of the new generation: its backup is complete. */
export function onProtected({ s, out }: Step): void {
  if (!s.clone) return;
  const { round: rounds, bytes, heldNs } = s.clone;
  s.clone = undefined;
  const news = { what: 'protected', rounds, bytes, pauseNs: s.nowNs - heldNs } as const;
  out.push({ kind: 'protection', peer: s.peer, news });
}

/**
 * Without rule 12: what was given away is taken back, and the number is used again. Says whether it
 * was.
 */
export function takeBack(step: Step): boolean {
  const { config, s } = step;
  if (config.rules.spendNumber || !s.clone) return false;
  s.role = 'alone';
  s.generation = s.spent = s.clone.won;
  s.token = tokenOf(s.generation, true);
  s.arbitration = { ...newArbitration(), stage: 'won' };
  giveUp(step, 'standby-lost');
  return true;
}

/** Whether outputs wait for acknowledgements while the standby is not known to be complete. */
export function isHeldBack({ config, s }: Step): boolean {
  if (!s.clone) return s.role === 'primary';
  if (!config.rules.ruleFirst) return false;
  return s.clone.stage === 'held' || s.clone.stage === 'begun';
}
