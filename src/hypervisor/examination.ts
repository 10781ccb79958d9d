/**
 * What went wrong in a machine that has left the path of its log, found after the fact: from the
 * last checkpoint that a digest has confirmed, the log is replayed once more, and the states that
 * the suspect went through are held against it. A fault that does not happen again (a bit that
 * flipped) shows as a first wrong state; one that does is in the log, the image or the engine.
 *
 * The first wrong state is found by halving: states are right up to some point and wrong after it,
 * because a machine never finds back to the path.
 */
import { PAGE_BYTES } from '../base/limits.ts';
import type { Page, Snapshot } from '../machine/types.ts';
import { Divergence } from './divergence.ts';
import type { LogEntry } from './entry.ts';
import type { Checkpoint } from './log-point.ts';
import type { Replayer } from './replayer.ts';
import { changedPages } from './snapshot.ts';
import { type Difference, firstDifference } from './snapshot-difference.ts';

/** What a follower keeps of its past, so that it can be examined: plain data. */
export interface Evidence {
  /** The last checkpoint that a later digest has confirmed. */
  readonly agreed: Checkpoint;
  /** Entries since then, consumed or still in hand. */
  readonly entries: readonly LogEntry[];
  /** States since, oldest first; none of them confirmed. */
  readonly seen: readonly Checkpoint[];
}

/** A bit of guest memory. */
export interface Bit {
  readonly address: number;
  /** 0 … 7 in the byte at `address`. */
  readonly bit: number;
}

/** What an examination has found. */
export type Finding =
  | {
      /** Replayed once more, the guest does what the log says. */
      readonly kind: 'transient';
      /** Instruction counts between which the suspect left the path. */
      readonly lastRight: number;
      readonly firstWrong: number;
      /** The first thing that differs there. */
      readonly difference: Difference;
      /** The only bit that differs there, if it is one bit of memory. */
      readonly flipped: Bit | undefined;
    }
  /** Replayed once more, it leaves the path again. */
  | { readonly kind: 'repeats'; readonly divergence: Divergence }
  /** All states that are known are right. */
  | { readonly kind: 'nothing' };

/** States that are kept; of more, the oldest are dropped. */
const MAX_SEEN = 256;

/** Evidence that begins at `agreed`. */
export const newEvidence = (agreed: Checkpoint): Evidence => ({ agreed, entries: [], seen: [] });

/** The evidence when the follower has been handed `entries`. */
export function withEntries(evidence: Evidence, entries: readonly LogEntry[]): Evidence {
  return { ...evidence, entries: [...evidence.entries, ...entries] };
}

/**
 * The evidence after a stretch of replay that consumed `consumed` and ended at `state`. A digest
 * among them confirms every state before it, and only the last of those is kept.
 */
export function withState(
  evidence: Evidence,
  consumed: readonly LogEntry[],
  state: Checkpoint,
): Evidence {
  if (!consumed.some(({ kind }) => kind === 'digest')) {
    return { ...evidence, seen: [...evidence.seen, state].slice(-MAX_SEEN) };
  }
  const agreed = evidence.seen.at(-1) ?? evidence.agreed;
  const entries = evidence.entries.filter(({ seq }) => seq >= agreed.point.seq);
  return { agreed, entries, seen: [state] };
}

/** Examines a suspect. `follow` makes a replayer that goes on from a checkpoint. */
export function examine(
  { agreed, entries, seen }: Evidence,
  follow: (from: Checkpoint) => Replayer,
): Finding {
  const right = (to: Checkpoint): Snapshot => replayTo(follow(agreed), entries, to);
  try {
    let [low, high] = [0, seen.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const wrong = firstDifference(right(seen[middle]!), seen[middle]!.machine) !== undefined;
      if (wrong) high = middle;
      else low = middle + 1;
    }
    const suspect = seen[high];
    if (!suspect) return { kind: 'nothing' };
    const expected = right(suspect);
    const { machine } = suspect;
    return {
      kind: 'transient',
      lastRight: (seen[high - 1] ?? agreed).machine.count,
      firstWrong: machine.count,
      difference: firstDifference(expected, machine)!,
      flipped: onlyBit(expected, machine),
    };
  } catch (error) {
    if (error instanceof Divergence) return { kind: 'repeats', divergence: error };
    throw error;
  }
}

/** The machine as it should be at `to`. Throws a Divergence where it does not get there. */
function replayTo(replayer: Replayer, entries: readonly LogEntry[], to: Checkpoint): Snapshot {
  const { machine } = replayer;
  replayer.feed(entries.filter(({ seq }) => seq < to.point.seq));
  while (replayer.inHand > 0) replayer.slice(to.machine.count);
  while (machine.count < to.machine.count) {
    if (machine.run(to.machine.count).why !== 'output') break;
    machine.takeOutputs();
  }
  machine.takeOutputs();
  return machine.snapshot();
}

/** The bit by which two machines differ, if it is one and in memory. */
function onlyBit(expected: Snapshot, got: Snapshot): Bit | undefined {
  const pages = changedPages(got.pages, expected.pages);
  const found: Bit[] = [];
  for (const page of pages) {
    const [a, b] = [bytesOf(expected.pages[page]), bytesOf(got.pages[page])];
    for (let at = 0; at < a.length && found.length < 2; at++) {
      for (let bit = 0; bit < 8; bit++) {
        if (((a[at]! ^ b[at]!) >> bit) & 1) found.push({ address: page * a.length + at, bit });
      }
    }
  }
  const elsewhere = firstDifference({ ...expected, pages: [] }, { ...got, pages: [] });
  return found.length === 1 && !elsewhere ? found[0] : undefined;
}

const PAGE_OF_ZEROS = new Uint8Array(PAGE_BYTES);

const bytesOf = (page: Page | undefined): Uint8Array => page?.bytes ?? PAGE_OF_ZEROS;

/** A finding for people: pairs of a heading and what stands under it. */
export function describeFinding(finding: Finding): (readonly [string, string])[] {
  switch (finding.kind) {
    case 'repeats':
      return [['replayed once more', `diverges again: ${finding.divergence.message}`]];
    case 'nothing':
      return [['replayed once more', 'every state that was kept is right']];
    case 'transient': {
      const { lastRight, firstWrong, difference, flipped } = finding;
      const { field, expected, got } = difference;
      const bit = flipped && `bit ${flipped.bit} of address 0x${flipped.address.toString(16)}`;
      return [
        ['replayed once more', 'does what the log says: the fault was not in log or image'],
        ['last right', `instruction ${lastRight}`],
        ['first wrong', `instruction ${firstWrong}`],
        ['what differs', `${field}: expected ${expected}, got ${got}`],
        ['that is', bit ? `${bit} has flipped, nothing else` : 'more than a flipped bit of memory'],
      ];
    }
  }
}
