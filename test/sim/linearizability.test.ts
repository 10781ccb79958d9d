/** The checker of histories against brute force, and against histories known to be wrong. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge } from '../../src/sim/checkers.ts';
import { checkHistory, type Operation } from '../../src/sim/linearizability.ts';
import { MODELS } from '../../src/sim/models.ts';
import { runWorld } from '../../src/sim/run.ts';
import { parseScenario } from '../../src/sim/scenario.ts';
import { runs } from '../support/runs.ts';
import { guestParts } from './guests.ts';

const model = MODELS.kv;

/** Tries every order, and for operations without an answer every choice of those that happened. */
function bruteForce(left: readonly Operation[], state: string): boolean {
  if (left.every(({ answer }) => answer === undefined)) return true;
  return left.some((one) => {
    const others = left.filter((other) => other !== one);
    // Nothing that returned before this one was called may come after it.
    const early = others.some((o) => o.answer !== undefined && o.returnedNs < one.calledNs);
    return !early && model.step(state, one).some((next) => bruteForce(others, next));
  });
}

const operation: fc.Arbitrary<Operation> = fc
  .record({
    request: fc.constantFrom('set x 1', 'set x 2', 'get x', 'get x', 'del x'),
    answer: fc.constantFrom('ok', 'ok', 'none', '1', '2', undefined),
    calledNs: fc.nat(12),
    lasts: fc.nat(6),
  })
  .map(({ lasts, ...rest }) => ({ client: 'c', ...rest, returnedNs: rest.calledNs + lasts }));

describe('a history', () => {
  it('is judged as by trying every order', () => {
    let wrong = 0;
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 6 }), (history) => {
        const expected = bruteForce(history, model.initial);
        if (!expected) wrong++;
        expect(checkHistory(history, model).length === 0).toBe(expected);
      }),
      { numRuns: runs(2000) },
    );
    expect(wrong).toBeGreaterThan(0);
  });

  it('that fails is shown as a part that fails by itself', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 7 }), (history) => {
        for (const { operations } of checkHistory(history, model)) {
          expect(bruteForce(operations, model.initial)).toBe(false);
        }
      }),
      { numRuns: runs(500) },
    );
  });

  const told = (client: string, request: string, answer: string, from: number, to: number) => ({
    ...{ client, request, answer },
    calledNs: from * 1e6,
    returnedNs: to * 1e6,
  });

  it('of locks may not give one to two owners before its ticks are over', () => {
    const first = told('a', 'lock door alice 10', 'granted', 0, 1);
    const wrong = [first, told('b', 'lock door bob 10', 'granted', 50, 51)];
    expect(checkHistory(wrong, MODELS.lock)[0]?.operations).toHaveLength(2);
    const late = [first, told('b', 'lock door bob 10', 'granted', 95, 96)];
    expect(checkHistory(late, MODELS.lock)).toEqual([]);
    const held = [first, told('b', 'lock door bob 10', 'held by alice', 50, 51)];
    expect(checkHistory(held, MODELS.lock)).toEqual([]);
  });
});

describe('clients of the key-value store, all at once', () => {
  const client = (name: string, requests: string) => `{ name: ${name}, retry: 2s, ${requests} }`;
  const text = (rules: string, answers: number) => `
name: together
guest: { image: kv, devices: [net] }
network: { channel: 5ms }
rules: { ${rules} }
clients:
  - ${client('alice', 'requests: [set x 1, get x, set x 2, get x, del x], rounds: 4')}
  - ${client('bob', 'requests: [set x 3, get x, get x], rounds: 6')}
  - ${client('carol', 'requests: [get x, get x, set x 4], rounds: 6')}
faults: [{ at: { answer: ${answers} }, crash: alpha }]
expect: { linearizable: kv }
liveness: 20s
`;
  const convictions = (rules: string, answers = 21): string[] => {
    const world = runWorld(parseScenario(text(rules, answers), 'together.yaml'), guestParts);
    expect(world.state.firedFaults).toEqual([true]);
    return judge(world).map(({ checker }) => checker);
  };

  it('see one machine over a failover', () => expect(convictions('')).toEqual([]));

  it('do not without the Output Rule', () => {
    const found = [20, 21, 22, 23, 24, 25, 26, 27].map((n) => convictions('output-rule: off', n));
    expect(found.filter((names) => names.includes('linearizable')).length).toBeGreaterThan(0);
  });
});
