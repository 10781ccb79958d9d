/**
 * Makes a scenario that fails smaller, as long as it goes on failing: fewer faults, clients,
 * requests and keys typed. What is left is what the failure needs.
 */
import type { Scenario } from './scenario.ts';

/**
 * The smallest scenario found with at most `tries` runs of `fails`, which must be true of
 * `scenario` itself.
 */
export function shrink(
  scenario: Scenario,
  fails: (candidate: Scenario) => boolean,
  tries: number,
): Scenario {
  let smallest = scenario;
  let left = tries;
  for (let better = true; better && left > 0; ) {
    better = false;
    for (const candidate of smaller(smallest)) {
      if (left-- <= 0) break;
      if (!fails(candidate)) continue;
      smallest = candidate;
      better = true;
      break;
    }
  }
  return smallest;
}

/** Scenarios with something left out, the greatest cuts first. */
function* smaller(scenario: Scenario): Generator<Scenario> {
  const { faults, clients, typing } = scenario;
  for (const [index, client] of clients.entries()) {
    for (const requests of shorter(client.requests)) {
      yield { ...scenario, clients: clients.with(index, { ...client, requests }) };
    }
  }
  for (const typed of shorter(typing)) yield { ...scenario, typing: typed };
  for (const index of faults.keys()) yield { ...scenario, faults: faults.toSpliced(index, 1) };
  for (const [index, { name }] of clients.entries()) {
    const { [name]: _, ...answers } = scenario.expect.answers;
    const expect = { ...scenario.expect, answers };
    if (clients.length > 1) yield { ...scenario, clients: clients.toSpliced(index, 1), expect };
  }
}

/** The beginnings of a list: a sixteenth, an eighth … of it, then one element less. */
function* shorter<T>(list: readonly T[]): Generator<readonly T[]> {
  const lengths = [16, 8, 4, 2].map((part) => Math.floor(list.length / part));
  for (const length of new Set([...lengths, list.length - 1])) {
    if (length >= 0 && length < list.length) yield list.slice(0, length);
  }
}
