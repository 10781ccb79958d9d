/**
 * The execution lag of the backup, and the primary's share of the CPU, which keeps it bounded
 * [P §3.2]. A backup that executes more slowly than its primary would fall behind without end, and
 * a failover would take as long as it is behind.
 *
 * The lag is the time for which the primary has executed beyond the last entry that the backup, by
 * its last acknowledgement, had executed; a guest that sleeps makes none. An acknowledgement comes
 * with every batch, so the lag is known as often. "A slow feedback loop": at most once in a
 * heartbeat period the primary gives up STEP_PERCENT of the CPU while the lag is above the limit
 * and does not fall in earnest, and takes back as much while it is below and does not grow.
 *
 * A share is kept by rests between two stretches of execution (control.ts), so a driver knows
 * nothing of shares.
 */
import type { Slice } from '../hypervisor/entry.ts';
import type { Step } from './state.ts';

/** One step of the share, and the least share that is left, in percent of the CPU. */
export const STEP_PERCENT = 2;
export const LEAST_PERCENT = 4;
/** A lag above the limit falls in earnest by this part of the time that passes. */
const EARNEST = 1 / 16;

/** What a primary knows of its backup's lag, and what it does about it. */
export interface Lag {
  /** Time for which the guest has executed as a primary, in ns. */
  ranNs: number;
  /** The value of `ranNs` up to which the backup has executed. */
  executedNs: number;
  /**
   * For each stretch of execution that made entries, until the backup has executed them: the
   * entries of the machine's life after it, and `ranNs` at its end.
   */
  made: { readonly entries: number; readonly ranNs: number }[];
  /** As of the last acknowledgement, in ns; also, when the share was last thought over. */
  ns: number;
  before: { readonly ns: number; readonly atNs: number };
  /** In percent. */
  share: number;
}

/** No lag yet, and the whole CPU. */
export const newLag = (): Lag => ({
  ranNs: 0,
  executedNs: 0,
  made: [],
  ns: 0,
  before: { ns: 0, atNs: 0 },
  share: 100,
});

/** A stretch of execution has ended and its entries are in the window: they begin to age. */
export function ageEntries({ s }: Step, slice: Slice): void {
  const { lag, window, nowNs } = s;
  const ranNs = nowNs - (slice.startedNs ?? nowNs);
  lag.ranNs += ranNs;
  if (slice.entries.length > 0) {
    lag.made.push({ entries: window.sent + window.unsent.length, ranNs: lag.ranNs });
  }
}

/** The backup says that it has executed `executed` entries of the machine's life. */
export function measureLag({ config, s }: Step, executed: number): void {
  const { lag, nowNs } = s;
  const left = lag.made.findIndex(({ entries }) => entries > executed);
  const done = lag.made.splice(0, left < 0 ? lag.made.length : left).at(-1);
  if (done) lag.executedNs = done.ranNs;
  // What made no entries, the backup cannot have begun: it is not behind with that.
  lag.ns = (lag.made.at(-1)?.ranNs ?? lag.executedNs) - lag.executedNs;
  if (nowNs >= lag.before.atNs + config.timing.heartbeatNs) {
    adjustShare(lag, config.limits.lagNs, nowNs);
  }
}

function adjustShare(lag: Lag, limitNs: number, nowNs: number): void {
  const { ns, before, share } = lag;
  const wanted = before.ns - (nowNs - before.atNs) * EARNEST;
  if (ns > limitNs && ns > wanted) lag.share = Math.max(LEAST_PERCENT, share - STEP_PERCENT);
  if (ns <= limitNs && ns <= before.ns) lag.share = Math.min(100, share + STEP_PERCENT);
  lag.before = { ns, atNs: nowNs };
}
