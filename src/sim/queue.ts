/**
 * The event queue of a simulated world: a binary heap ordered by (time, sequence number), so that
 * equal times keep the order in which they were scheduled. Plain data; its elements never change.
 */

/** An event and when it is due; equal times are settled by the sequence. */
export interface Scheduled<E> {
  /** World time in ns. */
  readonly atNs: number;
  readonly sequence: number;
  readonly event: E;
}

const before = (a: Scheduled<unknown>, b: Scheduled<unknown>): boolean =>
  a.atNs < b.atNs || (a.atNs === b.atNs && a.sequence < b.sequence);

/** The elements in the order in which they are due; itself a heap. */
export function inOrder<E>(heap: readonly Scheduled<E>[]): Scheduled<E>[] {
  return heap.toSorted((a, b) => (before(a, b) ? -1 : 1));
}

/** Adds an element. */
export function push<E>(heap: Scheduled<E>[], item: Scheduled<E>): void {
  let at = heap.length;
  heap.push(item);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(item, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = item;
}

/** Takes out the first element, or returns undefined when there is none. */
export function pop<E>(heap: Scheduled<E>[]): Scheduled<E> | undefined {
  const first = heap[0];
  const item = heap.pop();
  if (!first || !item || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (!before(heap[child]!, item)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = item;
  return first;
}
