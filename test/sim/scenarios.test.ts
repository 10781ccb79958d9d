/**
 * The scenarios of src/sim/scenarios/: each answers its question, its faults really happen, and
 * what a rule is for shows in the run without it. Titles are the questions.
 */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { INPUT_KINDS } from '../../src/hypervisor/entry.ts';
import type { FaultSpec } from '../../src/sim/faults.ts';
import { type Outcome, runScenario, runWorld, withoutRule } from '../../src/sim/run.ts';
import type { Scenario } from '../../src/sim/scenario.ts';
import type { Violation } from '../../src/sim/trace.ts';
import { isLong, runs } from '../support/runs.ts';
import { guestParts, NOTHING, namedScenario } from './guests.ts';

const MS = 1_000_000;
const NAMES = readdirSync(new URL('../../src/sim/scenarios/', import.meta.url))
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.replace('.yaml', ''))
  .sort();

const asShipped = new Map<string, Outcome>();

function run(name: string, change?: Partial<Scenario>): Outcome {
  if (change) return runScenario({ ...namedScenario(name), ...change }, guestParts);
  const outcome = asShipped.get(name) ?? runScenario(namedScenario(name), guestParts);
  asShipped.set(name, outcome);
  return outcome;
}

/** Names of the checkers that convict the scenario without that rule. */
function convictions(name: string, rule: string): string[] {
  const { violations } = runScenario(withoutRule(namedScenario(name), rule), guestParts);
  return violations.map(({ checker }) => checker);
}

const count = (outcome: Outcome, text: string): number =>
  outcome.trace.filter((event) => event.text.includes(text)).length;

describe('the scenario', () => {
  it.each(NAMES)('%s ends well, and all its faults happen', (name) => {
    const outcome = run(name);
    expect(outcome.violations).toEqual([]);
    expect(outcome.stats.notFired).toEqual([]);
    expect(outcome.scenario).toBe(name);
  });

  if (isLong) {
    it.each(NAMES)('%s ends well with other seeds', (name) => {
      for (let seed = 2; seed < 2 + runs(1); seed++) {
        expect(run(name, { seed, points: [] }).violations).toEqual([]);
      }
    });
  }

  // The pages of docs/scenarios/ show it too, and are tested always.
  if (isLong) {
    it.each(
      NAMES.flatMap((name) => namedScenario(name).without.map((rule) => [name, rule] as const)),
    )('%s is convicted without %s', (name, rule) => {
      expect(convictions(name, rule)).not.toEqual([]);
    });
  }

  it.each(INPUT_KINDS)('capture-everything: a log without %s is found out by name', (kind) => {
    const scenario = withoutRule(namedScenario('capture-everything'), `log:${kind}`);
    const { violations } = runScenario(scenario, guestParts);
    const [{ checker, evidence }] = violations as [Violation];
    expect(checker).toBe('divergence');
    expect(evidence).toMatch(/^beta: divergence at instruction \d+, log entry \d+/);
    expect(/likely cause: (.*)/.exec(evidence)![1]).toContain(kind);
  });

  it('capture-everything: its log has every kind there is', () => {
    const scenario = namedScenario('capture-everything');
    const world = runWorld({ ...scenario, report: ['deliveries'] }, guestParts);
    const kinds = world.state.observed.beta!.deliveries.map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(INPUT_KINDS));
  });

  it('midnight-deadline: without its reading the backup would have said late', () => {
    const scenario = withoutRule(namedScenario('midnight-deadline'), 'log:timeOfDay');
    const [divergence] = runScenario(scenario, guestParts).violations;
    expect(divergence!.evidence).toContain('it made: datagram "#alice.1 late"');
  });

  it('lag-of-one: without the lag the disk completes at an instruction that is past', () => {
    const scenario = withoutRule(namedScenario('lag-of-one'), 'lag');
    const [divergence] = runScenario(scenario, guestParts).violations;
    expect(divergence!.evidence).toMatch(/expected disk request \d+ done .* got .* is past/);
  });

  it('lock-and-timer: both hosts are given the same inputs at the same instructions', () => {
    const [report] = run('lock-and-timer').reports;
    const both = report!.rows.slice(1).filter((row) => row[2] !== '' && row[3] !== '');
    expect(both.length).toBeGreaterThanOrEqual(10);
    for (const row of both) expect(row[2]).toBe(row[3]);
    expect(both.map(([, kind]) => kind)).toContain('tick');
  });

  it('bit-flip: the backup is found out, the bit is named, and a standby takes its place', () => {
    const outcome = run('bit-flip');
    expect(outcome.roles).toEqual({ alpha: 'crashed', beta: 'halted', gamma: 'alone' });
    const finding = outcome.reports[0]!.rows.map((row) => row.slice(1).join(': ')).join('\n');
    expect(finding).toContain('that is: bit 6 of address 0x10108c has flipped, nothing else');
  });

  it('bit-flip: is convicted where nobody expects it', () => {
    const { expect: wanted } = namedScenario('bit-flip');
    const outcome = run('bit-flip', { expect: { ...wanted, diverged: [] } });
    expect(outcome.violations).toMatchObject([{ checker: 'divergence' }]);
  });

  it('cash-machine: without a key the notes come twice', () => {
    const { console } = run('cash-machine');
    expect(console.match(/dispense 10/g)).toHaveLength(2);
    expect(console.match(/dispense 20/g)).toHaveLength(1);
  });

  it('same-bug: the backup says the last words of the primary, at the same instruction', () => {
    const outcome = run('same-bug');
    expect(outcome.console).toContain('unexpected interrupt, vector 0');
    expect(count(outcome, 'exit with status 127')).toBe(1);
  });

  it('output-rule-cost: an answer takes a round trip longer, to the microsecond', () => {
    const [latency, rate] = run('output-rule-cost').reports;
    const times = latency!.rows.slice(1).map((row) => Math.round(1000 * Number(row[1])));
    expect(times.map((us) => us - times[0]!)).toEqual([0, 1000, 5000, 20_000]);
    const many = rate!.rows.slice(1).map((row) => Number(row[2]));
    expect(many[1]).toBe(many[0]);
    expect(many[3]).toBeLessThan(many[0]! / 4);
  });

  it('cold-restart: a restart is late and has forgotten everything, a backup neither', () => {
    const restarted = runScenario(withoutRule(namedScenario('cold-restart'), 'backup'), guestParts);
    const tables = [run('cold-restart'), restarted].map(({ reports }) => reports);
    const [[kept, soon], [lost, late]] = tables.map((reports) => [
      Number(reports[0]!.rows[1]!.at(-1)),
      Number(reports[1]!.rows[1]!.at(-1)),
    ]) as [[number, number], [number, number]];
    expect(lost).toBeGreaterThan(20 * kept);
    expect(late - soon).toBeGreaterThanOrEqual(2000 - 100);
    expect(run('cold-restart').answers).toEqual({ alice: ['ok', 'ok', '12', '7'] });
    expect(restarted.answers).toEqual({ alice: ['ok', 'ok', 'none', 'none'] });
    const checkers = restarted.violations.map(({ checker }) => checker);
    // Both keys are gone.
    expect(checkers).toEqual(['requirement', 'linearizable', 'linearizable']);
  });

  it('cold-restart: a journal finds every record again that was safe, at whatever output', () => {
    const scenario = withoutRule(namedScenario('cold-restart'), 'backup');
    const devices = [{ kind: 'block', sectors: 16 }] as const;
    const guest = { ...scenario.guest, image: 'journal', commandLine: 'records=3', devices };
    const given = { ...scenario, guest, clients: [], expect: NOTHING, untilExit: true };
    for (let number = 1; number <= 12; number++) {
      const at = { on: 'output', host: 'alpha', number } as const;
      const action = { do: 'crash', host: 'alpha', losing: 'outputs-too' } as const;
      const { console, exitStatus } = runScenario(
        { ...given, faults: [{ at, action }] },
        guestParts,
      );
      const [after, before = ''] = console.split(/(?=recovered)/).reverse();
      const safe = Number(/safe (\d+)\n$/.exec(before)?.[1] ?? 0);
      const found = Number(/recovered (\d+)/.exec(after!)![1]);
      expect(found).toBeGreaterThanOrEqual(safe);
      expect(found - safe).toBeLessThanOrEqual(1);
      expect(exitStatus).toBe(0);
    }
  });

  it('reads-skip-the-rule: a read is sooner by a round trip, and its history cannot be', () => {
    const scenario = withoutRule(namedScenario('reads-skip-the-rule'), 'rule-for-reads');
    const skipping = runScenario(scenario, guestParts);
    const checkers = new Set(skipping.violations.map(({ checker }) => checker));
    expect(checkers).toEqual(new Set(['output-rule', 'requirement', 'linearizable']));
    const waits = [run('reads-skip-the-rule'), skipping].map(({ reports: [table] }) =>
      table!.rows.slice(1).map(([, , median]) => Number(median)),
    );
    const [[writing, reading], [writingToo, sooner]] = waits as [number[], number[]];
    expect(reading! - sooner!).toBeCloseTo(10, 9);
    expect(writingToo).toBe(writing);
  });

  it('reads-skip-the-rule: what leaves early leaves once', () => {
    const scenario = withoutRule(namedScenario('reads-skip-the-rule'), 'rule-for-reads');
    const { violations, stats } = runScenario({ ...scenario, faults: [] }, guestParts);
    expect(new Set(violations.map(({ checker }) => checker))).toEqual(new Set(['output-rule']));
    expect(stats.repetitions).toBe(0);
  });

  it('shared-or-own-disk: an own disk is copied whole, and its writes do not wait', () => {
    const [, time, bytes, done] = run('shared-or-own-disk').reports.map(({ rows }) =>
      rows.slice(1).map((row) => row.slice(1).map(Number)),
    );
    const [shared, own] = bytes as [number[], number[]];
    expect(new Set(shared)).toEqual(new Set([shared[0]]));
    expect(own.map((size) => Math.round((size - own[0]!) / 512 / 1000))).toEqual([0, 8]);
    const [, [, longest]] = time as [number[], number[]];
    // The channel of the scenario carries 40 MB/s.
    expect(longest! / (own[1]! / 40e3)).toBeCloseTo(1, 0);
    for (const [index, ms] of done![1]!.entries()) expect(ms).toBeLessThan(0.9 * done![0]![index]!);
  });

  it('lost-update: without the Output Rule the client is told 11 twice', () => {
    const outcome = runScenario(
      withoutRule(namedScenario('lost-update'), 'output-rule'),
      guestParts,
    );
    expect(outcome.answers).toEqual({ alice: ['11', '11'] });
    const checkers = outcome.violations.map(({ checker }) => checker);
    expect(checkers).toEqual(expect.arrayContaining(['output-rule', 'requirement', 'answers']));
    expect(outcome.command).toBe('vmft scenario lost-update --seed 1 --without output-rule');
  });

  it('crash-after-output: the client is told twice and drops the second', () => {
    const outcome = run('crash-after-output');
    expect(count(outcome, 'drops a repetition of #alice.2 11')).toBe(1);
    expect(outcome.stats.repetitions).toBe(1);
  });

  it('crash-before-output: "resend" answers unasked, "drop" is asked again', () => {
    const resend = run('crash-before-output');
    expect(count(resend, 'asks #alice.2 inc again')).toBe(0);
    expect(resend.answers).toEqual({ alice: ['10', '11', '12'] });
    const drop = run('crash-before-output', { uncertain: 'drop', expect: NOTHING });
    expect(drop.violations).toEqual([]);
    expect(count(drop, 'asks #alice.2 inc again')).toBeGreaterThan(0);
    // The counter is told of the lost answer's request a second time: only ids in the guest help.
    expect(drop.answers).toEqual({ alice: ['10', '12', '13'] });
  });

  it('test-and-set: both ask, one goes on, the other halts', () => {
    const outcome = run('test-and-set');
    expect(count(outcome, 'asks the arbiter')).toBe(2);
    expect(Object.values(outcome.roles).sort()).toEqual(['alone', 'halted']);
    expect(convictions('test-and-set', 'test-and-set')).toContain('one-live');
  });

  it('isolated-primary: what it answers waits for ever, and it halts when it has lost', () => {
    const outcome = run('isolated-primary');
    const cut = outcome.trace.findIndex(({ text }) => text.startsWith('fault'));
    const after = outcome.trace.slice(cut).filter(({ column }) => column === 'alpha');
    expect(after.filter(({ text }) => text.includes('releases'))).toEqual([]);
    expect(outcome.roles).toEqual({ alpha: 'halted', beta: 'alone' });
  });

  it('split-brain: both wait while the arbiter is silent', () => {
    const outcome = run('split-brain');
    expect(count(outcome, 'asks the arbiter')).toBeGreaterThan(10);
    expect(count(outcome, 'is alone now')).toBe(1);
    expect(convictions('split-brain', 'test-and-set')).toContain('one-live');
    expect(convictions('split-brain', 'ask-again')).toContain('one-live');
  });

  it('a paused primary that wakes releases what was acknowledged: the client is told twice', () => {
    const pause: FaultSpec = {
      at: { on: 'entry', host: 'beta', number: 7 },
      action: { do: 'pause', host: 'alpha', forNs: 100 * MS },
    };
    // Beta's announcement and answer come late: the gateway takes the old primary's until then.
    const cut: FaultSpec = {
      at: pause.at,
      action: { do: 'cut', between: ['beta', 'gateway'], forNs: 150 * MS },
    };
    const late = run('crash-before-output', { faults: [pause, cut] });
    expect(late.violations).toEqual([]);
    expect(count(late, 'is told #alice.2 11')).toBe(1);
    expect(count(late, 'drops a repetition of #alice.2 11')).toBe(1);
    expect(late.roles).toEqual({ alpha: 'halted', beta: 'alone' });

    const refused = run('crash-before-output', { faults: [pause] });
    expect(refused.violations).toEqual([]);
    expect(count(refused, 'refuses a frame of alpha')).toBe(1);
    expect(refused.roles).toEqual({ alpha: 'halted', beta: 'alone' });
  });

  it('pending-io: writes under way are issued again, also those that had been carried out', () => {
    const outcome = run('pending-io');
    expect(outcome.stats.repetitions).toBeGreaterThan(0);
    const live = outcome.trace.findIndex(({ text }) => text.includes('goes live'));
    const again = outcome.trace
      .slice(live, live + 6)
      .filter(({ text }) => text.includes('disk write'));
    expect(again.length).toBeGreaterThan(1);
  });

  it('disk-server-down: the winner emits nothing until the fence is confirmed', () => {
    const outcome = run('disk-server-down');
    const at = (text: string): number =>
      outcome.trace.find((event) => event.text.includes(text))!.timeNs;
    expect(at('goes live') - at('beta.1 asks')).toBeGreaterThan(200_000_000);
    expect(at('fence at 3')).toBeLessThan(at('goes live'));
    const early = outcome.trace.filter(
      ({ column, text, timeNs }) =>
        column === 'beta' && text.includes('releases') && timeNs < at('fence at 3'),
    );
    expect(early).toEqual([]);
  });
});
