/** Assertions that stay on. A failed one is a bug of vmft, never the user's mistake. */

/** A broken invariant of vmft itself; its text carries what was expected, what came, and where. */
export class BugError extends Error {
  override readonly name = 'BugError';
}

/**
 * Throws {@link BugError} with `message` unless `condition` holds. `message` names expected and
 * got; one that is made of values is given as a function, for to make it takes longer than to look.
 */
export function assert(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) throw new BugError(typeof message === 'string' ? message : message());
}

/** For the end of an exhaustive switch: the type system proves that no case is left. */
export function unreachable(value: never): never {
  throw new BugError(`unreachable: unexpected ${JSON.stringify(value)}`);
}
