/**
 * The explorer's verdicts are those of the runs themselves, begun from nothing and run to their
 * ends; and what it finds does not depend on how it is cut into steps and parts.
 */
import { describe, expect, it } from 'vitest';
import { judge } from '../../src/sim/checkers.ts';
import { counterexample } from '../../src/sim/explore/counterexample.ts';
import { type Exploration, mergeExplorations } from '../../src/sim/explore/exploration.ts';
import {
  type ExploreOptions,
  Explorer,
  explorable,
  exploreOptions,
} from '../../src/sim/explore/explorer.ts';
import { VERDICT_LETTERS, verdictOf } from '../../src/sim/explore/verdict.ts';
import type { Action } from '../../src/sim/faults.ts';
import { runScenario, runWorld, withoutRule } from '../../src/sim/run.ts';
import { parseScenario, type Scenario } from '../../src/sim/scenario.ts';
import { scenarioText } from '../../src/sim/scenario-text.ts';
import { isLong, runs } from '../support/runs.ts';
import { guestParts, namedScenario } from './guests.ts';

/** A scenario of which the runs are short, with a rule off or none. */
function shortScenario(rule: string | undefined): Scenario {
  const scenario = explorable(namedScenario('lost-update'));
  return rule === undefined ? scenario : withoutRule(scenario, rule);
}

function explore(scenario: Scenario, given: Partial<ExploreOptions>): Exploration {
  const explorer = new Explorer(scenario, guestParts, exploreOptions(scenario, given));
  while (explorer.next(1));
  return explorer.result();
}

/** The fault that a row of a map is about. */
function actionOf(fault: string): Action {
  const [what, ends] = fault.split(/[ ,]+/) as [string, string];
  if (what === 'crash') {
    const losing = fault.endsWith('outputs lost') ? 'outputs-too' : 'messages';
    return { do: 'crash', host: ends, losing };
  }
  return { do: 'cut', between: ends.split('-') as [string, string], forNs: 200_000_000 };
}

/** The letter of a run from the very beginning to the very end. */
function letterOf(scenario: Scenario): string {
  const world = runWorld(scenario, { ...guestParts, tracing: false });
  return VERDICT_LETTERS[verdictOf(world, [...world.state.violations, ...judge(world)])];
}

describe('an explorer that shares what it knows', () => {
  const others = ['output-rule', 'test-and-set', 'confirm-releases'];
  it.each(isLong ? [undefined, ...others] : [undefined])(
    'gives the verdicts of whole runs, without %s',
    (rule) => {
      const scenario = shortScenario(rule);
      // Another part each time, so that the soak sees all of them.
      const of = isLong ? 30 : 60;
      for (let index = of - 21; index < Math.min(of - 21 + runs(1), of); index++) {
        const found = explore(scenario, { part: { index, of } });
        expect(found.ways.joined).toBeGreaterThan(0);
        for (const { fault, letters } of found.rows) {
          const whole = found.at.map(({ at }, place) => {
            if (letters[place] === ' ') return ' ';
            return letterOf({ ...scenario, faults: [{ at, action: actionOf(fault) }] });
          });
          expect(`${fault} ${letters}`).toBe(`${fault} ${whole.join('')}`);
        }
      }
    },
  );

  if (isLong) {
    it('finds the same two faults as one that shares nothing', () => {
      const whole = shortScenario('confirm-releases');
      const [alice] = whole.clients;
      const clients = [{ ...alice!, requests: alice!.requests.slice(0, 1) }];
      // Quick to suspect and soon over: there are few places for the second fault.
      const timing = { ...whole.timing, heartbeatNs: 8e6, failureTimeoutNs: 16e6, retryNs: 8e6 };
      const scenario = { ...whole, clients, timing, settleNs: 20e6 };
      const part = { index: 61, of: 180 };
      const shared = explore(scenario, { depth: 2, part });
      const alone = explore(scenario, { depth: 2, part, sharing: false });
      expect(shared.rows).toEqual(alone.rows);
      expect(shared.ways.joined).toBeGreaterThan(shared.ways['run out']);
      expect(alone.ways.joined).toBe(0);
    });
  }
});

describe('an exploration after the faults of its scenario', () => {
  it('tries one more at every place from then on, as whole runs would', () => {
    const scenario = explorable(namedScenario('lost-update'), true);
    // The backup alone is soon seen to work; a sixth of that is enough where time is short.
    const part = isLong ? { index: 0, of: 1 } : { index: 1, of: 6 };
    const found = explore({ ...scenario, settleNs: 20e6 }, { part, tail: 1 });
    expect(found.after).toEqual(scenario.faults);
    expect(found.rows.length).toBeGreaterThan(2);
    for (const { fault, letters } of found.rows) {
      expect(fault).not.toContain('alpha');
      const whole = found.at.map(({ at }, place) => {
        if (letters[place] === ' ') return ' ';
        const last = { at, action: actionOf(fault) };
        return letterOf({ ...scenario, settleNs: 20e6, faults: [...scenario.faults, last] });
      });
      expect(`${fault} ${letters}`).toBe(`${fault} ${whole.join('')}`);
    }
  });
});

if (isLong) {
  const after = ['primary', 'backup', 'copying', 'switching'];
  it.each(after)('finds nothing wrong with a fortieth of kv-standby-%s', (what) => {
    const scenario = explorable(namedScenario(`kv-standby-${what}`), true);
    const found = explore(scenario, { part: { index: 13, of: 40 } });
    expect(found.at.length).toBeGreaterThan(5);
    expect(found.ways['cut short'] + found.ways.joined).toBeGreaterThan(0);
    expect(found.convictions).toEqual([]);
  });
}

describe('an exploration', () => {
  it('is the same in parts and as a whole', () => {
    const scenario = shortScenario(undefined);
    const part = (index: number, of: number) => explore(scenario, { part: { index, of } });
    const merged = mergeExplorations([part(28, 30), part(26, 30), part(27, 30)]);
    const whole = part(13, 15);
    expect(merged?.at.slice(0, whole.at.length)).toEqual(whole.at);
    expect(merged?.rows[0]?.letters).toContain(whole.rows[0]?.letters);
    expect(mergeExplorations([part(26, 30), part(28, 30)])).toBeUndefined();
  });

  it('that is stopped at any place goes on from there', () => {
    const scenario = shortScenario(undefined);
    const part = { index: 23, of: 30 };
    const whole = explore(scenario, { part });
    const stopped = new Explorer(scenario, guestParts, exploreOptions(scenario, { part }));
    while (stopped.progress.done < 3) stopped.next(7);
    const before = stopped.result();
    expect(before.at.length).toBe(stopped.progress.done);
    const after = explore(scenario, { part, skip: before.at.length });
    const { rows, at, verdicts, range } = mergeExplorations([after, before])!;
    expect({ rows, at, verdicts, range }).toEqual({
      rows: whole.rows,
      at: whole.at,
      verdicts: whole.verdicts,
      range: whole.range,
    });
  });

  it('ends in the shortest counterexample, a file that is convicted again', () => {
    const scenario = withoutRule(explorable(namedScenario('test-and-set')), 'test-and-set');
    const found = explore(scenario, { part: { index: 7, of: 40 } });
    const { scenario: shortest } = counterexample(scenario, found.convictions[0]!, guestParts);
    expect(shortest.clients.every(({ requests }) => requests.length === 0)).toBe(true);
    const read = parseScenario(scenarioText(shortest), 'counterexample.yaml');
    const { violations } = runScenario(read, guestParts);
    expect(violations.map(({ checker }) => checker)).toContain('one-live');
  });
});
