/**
 * A trace as lines of a table with a column for each part of the world; drawing is the caller's.
 */
import type { TraceEvent } from './trace.ts';

/** One line of a timeline. */
export interface TimelineLine {
  /** Milliseconds with three decimals, such as "12.345". */
  readonly time: string;
  readonly column: string;
  readonly text: string;
  /** May be left out of a short timeline. */
  readonly routine: boolean;
}

/**
 * The lines of a timeline, in order of time, and its columns in order of their first event. Events
 * at the same time in the same column keep their order.
 */
export function timeline(trace: readonly TraceEvent[]): {
  readonly columns: readonly string[];
  readonly lines: readonly TimelineLine[];
} {
  const columns = [...new Set(trace.map((event) => event.column))];
  const lines = trace.map(({ timeNs, column, text, routine = false }) => ({
    time: (timeNs / 1_000_000).toFixed(3),
    column,
    text,
    routine,
  }));
  return { columns, lines };
}
