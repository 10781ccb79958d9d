/** Shortens what goes on and on: groups of lines that come again and again are shown once. */

/** Lines of a group, at most. */
const MAX_GROUP = 6;
/** A group that comes less often is shown in full. */
const MIN_TIMES = 4;

/** A line, or the place of `left` further rounds of the lines before it, up to `last`. */
export type Shortened<T> =
  | { readonly kind: 'line'; readonly line: T }
  | { readonly kind: 'again'; readonly left: number; readonly last: T };

/** `lines` with repetitions left out; lines with equal keys count as equal. */
export function shorten<T>(lines: readonly T[], keyOf: (line: T) => string): Shortened<T>[] {
  const keys = lines.map(keyOf);
  const result: Shortened<T>[] = [];
  for (let at = 0; at < lines.length; ) {
    const { size, times } = groupAt(keys, at);
    for (const line of lines.slice(at, at + size)) result.push({ kind: 'line', line });
    at += size * times;
    if (times > 1) result.push({ kind: 'again', left: times - 1, last: lines[at - 1]! });
  }
  return result;
}

/** The smallest group that repeats at `at`, or the one line there. */
function groupAt(keys: readonly string[], at: number): { size: number; times: number } {
  for (let size = 1; size <= MAX_GROUP; size++) {
    let end = at + size;
    while (end < keys.length && keys[end] === keys[end - size]) end++;
    const times = Math.floor((end - at) / size);
    if (times >= MIN_TIMES) return { size, times };
  }
  return { size: 1, times: 1 };
}
