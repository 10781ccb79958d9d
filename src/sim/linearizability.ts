/**
 * Whether a history of concurrent operations is linearizable (Herlihy and Wing 1990): whether each
 * operation can be given a moment between its call and its return, so that one machine, asked in
 * that order, would have answered alike. Wing and Gong's search in Lowe's just-in-time form: only
 * when an operation returns is it decided which of those under way took effect before it, and
 * configurations that are equal are kept once. Each key is judged by itself (locality).
 *
 * An operation that never returned may have taken effect or not. Each takes effect at most once,
 * so a client must not repeat requests that may have been served.
 */

/** A request and its answer, as a client saw them. */
export interface Operation {
  readonly client: string;
  readonly request: string;
  /** Undefined when there was none. */
  readonly answer: string | undefined;
  /** World times in ns; the return of an operation without an answer is not looked at. */
  readonly calledNs: number;
  readonly returnedNs: number;
}

/** What a server is meant to do; states are texts, so that equal ones are found. */
export interface Model {
  /** The part of the server's state that a request is about; undefined for none. */
  readonly keyOf: (request: string) => string | undefined;
  readonly initial: string;
  /** States after the operation, if it may be answered so; for no answer, whatever it may do. */
  readonly step: (state: string, operation: Operation) => readonly string[];
  /** Whether the operation leaves every state as it is. */
  readonly isReading: (operation: Operation) => boolean;
}

/**
 * A part of a history that no single machine could have shown, in the order of the calls: the
 * operation that returned last cannot have been answered so.
 */
export interface Counterhistory {
  readonly key: string;
  readonly operations: readonly Operation[];
}

/** A state, and the operations under way that have taken effect already, by index. */
interface Configuration {
  readonly state: string;
  readonly done: readonly number[];
}

/** What cannot be, the shortest first: of each key one part, and none of a linearizable history. */
export function checkHistory(history: readonly Operation[], model: Model): Counterhistory[] {
  const keys = new Map<string, Operation[]>();
  for (const operation of history) {
    const key = model.keyOf(operation.request);
    if (key === undefined) continue;
    const list = keys.get(key);
    if (list) list.push(operation);
    else keys.set(key, [operation]);
  }
  const failing: Counterhistory[] = [];
  for (const [key, all] of keys) {
    const operations = failingPart(all, model)?.sort((a, b) => a.calledNs - b.calledNs);
    if (operations) failing.push({ key, operations });
  }
  return failing.sort((a, b) => a.operations.length - b.operations.length);
}

/** The history up to the return that cannot be, without the reads that it does not need. */
function failingPart(operations: readonly Operation[], model: Model): Operation[] | undefined {
  const atNs = firstImpossible(operations, model);
  if (atNs === undefined) return undefined;
  let part = operations.filter(({ calledNs }) => calledNs <= atNs);
  // Without an operation that changes something others may become impossible; without a read not.
  for (const one of part.filter(model.isReading)) {
    const less = part.filter((other) => other !== one);
    if (firstImpossible(less, model) !== undefined) part = less;
  }
  return part;
}

/** When the first operation returned whose answer cannot be; undefined if all can. */
function firstImpossible(operations: readonly Operation[], model: Model): number | undefined {
  let configurations: Configuration[] = [{ state: model.initial, done: [] }];
  const underWay = new Set<number>();
  for (const { index, returns, atNs } of eventsOf(operations)) {
    underWay.add(index);
    if (!returns) continue;
    configurations = settle(configurations, index, operations, underWay, model);
    underWay.delete(index);
    if (configurations.length === 0) return atNs;
  }
  return undefined;
}

/** Calls and returns in order; at one time calls come first, so that the operations overlap. */
function eventsOf(
  operations: readonly Operation[],
): { index: number; returns: boolean; atNs: number }[] {
  const events = operations.flatMap(({ calledNs, returnedNs, answer }, index) => {
    const call = { index, returns: false, atNs: calledNs };
    return answer === undefined ? [call] : [call, { index, returns: true, atNs: returnedNs }];
  });
  return events.sort((a, b) => a.atNs - b.atNs || Number(a.returns) - Number(b.returns));
}

/** All configurations in which the operation that returns has taken effect. */
function settle(
  configurations: readonly Configuration[],
  returning: number,
  operations: readonly Operation[],
  underWay: ReadonlySet<number>,
  model: Model,
): Configuration[] {
  const seen = new Set<string>();
  const settled: Configuration[] = [];
  const left = [...configurations];
  for (let one = left.pop(); one; one = left.pop()) {
    const key = `${one.done.join()} ${one.state}`;
    if (seen.has(key)) continue;
    seen.add(key);
    if (one.done.includes(returning)) {
      settled.push({ state: one.state, done: one.done.filter((index) => index !== returning) });
      continue;
    }
    for (const index of underWay) {
      if (one.done.includes(index)) continue;
      const done = [...one.done, index].sort((a, b) => a - b);
      for (const state of model.step(one.state, operations[index]!)) left.push({ state, done });
    }
  }
  return settled;
}
