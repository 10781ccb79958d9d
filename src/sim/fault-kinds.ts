/**
 * The kinds of faults, counted when they have had an effect: a link that is cut while nobody sends
 * counts for nothing, a datagram that it lost does.
 */

/** Every kind, in the order in which reports list them. */
export const FAULT_KINDS = [
  'datagram lost',
  'datagram repeated',
  'datagram overtaken',
  'delayed',
  'held by a stall',
  'stopped by a partition',
  'stopped one way',
  'channel broken',
  'disk connection broken',
  'crash',
  'crash, outputs lost',
  'restart',
  'pause',
  'resume',
  'slow disk',
  'failing disk',
  'silent disk',
  'arbiter out of reach',
  "arbiter's answer lost",
  'clock drift',
  'clock jump',
  'bit flip in a log batch',
  'log batch repeated',
  'log batch forged',
  'bit flip in memory',
  'switch-over',
] as const;

/** One of them. */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** How often each has happened; kinds that have not may be missing. */
export type FaultCounts = Partial<Record<FaultKind, number>>;
