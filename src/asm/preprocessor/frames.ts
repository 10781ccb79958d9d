/**
 * Where lines come from: files, bodies of multi-line macros, bodies of %rep. Frames lie on a stack;
 * the line at hand is the next one of the topmost.
 */

import { type Origin, SourceLine } from '../source.ts';
import type { MacroCall } from './multi-macros.ts';

/** Lines that are being read, and how far. */
export interface Frame {
  readonly kind: 'file' | 'macro' | 'repeat';
  readonly lines: readonly SourceLine[];
  next: number;
  /** Times that the lines are still to be read, this time included; 1 but for %rep. */
  times: number;
  /** The call whose parameters the lines see. */
  readonly call: MacroCall | undefined;
  /** Macros and repetitions open, this frame included; files do not count. */
  readonly depth: number;
  /** Conditions (%if) that were open when the frame began. */
  readonly conditions: number;
  /** Set by %line: what errors call the lines of the file from index `from` on. */
  renumbered?: Renumbering;
}

/** `%line number+step file`: the line at index `from` is `number` of `file`, and so on. */
export interface Renumbering {
  readonly from: number;
  readonly number: number;
  readonly step: number;
  readonly file: string;
}

/** The next line of `frame`, or undefined when it is used up. */
export function nextLine(frame: Frame): SourceLine | undefined {
  if (frame.next >= frame.lines.length) {
    if (frame.times <= 1 || frame.lines.length === 0) return undefined;
    frame.times--;
    frame.next = 0;
  }
  return frame.lines[frame.next++];
}

/** What errors in `line`, read from `frame`, point at. */
export function originOf(frame: Frame, line: SourceLine): Origin {
  const { call, depth } = frame;
  if (!call) return { place: placeOf(frame, line), line, depth };
  const { shownAt } = call;
  const origin = { place: call.origin.place, line, depth, macro: call.macro.name };
  return shownAt ? { ...origin, shownAt } : origin;
}

function placeOf({ renumbered, next }: Frame, line: SourceLine): SourceLine {
  if (!renumbered) return line;
  const { from, number, step, file } = renumbered;
  return new SourceLine(file, number + step * (next - 1 - from), line.text);
}
