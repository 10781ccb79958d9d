/**
 * Every guest of programs/catalogue.json survives a crash of the primary, or of the backup, at
 * moments all over its run: the console, the answers and the exit status are as without.
 */
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import type { FaultSpec, Trigger } from '../../src/sim/faults.ts';
import { outcomeOf, type RunParts, runWorld } from '../../src/sim/run.ts';
import { parseScenario, type Scenario } from '../../src/sim/scenario.ts';
import type { World } from '../../src/sim/world.ts';
import {
  type CatalogueProgram,
  type CatalogueRun,
  consoleMatches,
  readCatalogue,
  someRuns,
} from '../support/catalogue.ts';
import { runs } from '../support/runs.ts';
import { guestParts } from './guests.ts';

const MS = 1_000_000;
const CRASHES = runs(3, 1);
/** Longer runs get fewer crashes: so many instructions for all of them. */
const BUDGET = runs(3_000_000, 1_000_000);

/**
 * The scenario of a catalogue run: its steps one after the other, its expectations as they stand.
 */
function scenarioOf(program: CatalogueProgram, run: CatalogueRun): Scenario {
  const scenario = parseScenario(
    `{ name: ${program.name}, guest: { image: ${program.name}, memory: 16M }, until-exit: on,
       limits: { buffer-entries: 1000 }, safety: 60s }`,
    'catalogue.json',
  );
  const requests: { text: string; atNs: number; pauseNs: number }[] = [];
  const replies: string[] = [];
  const typing: { atNs: number; bytes: Uint8Array }[] = [];
  let pauseNs = 0;
  let typeNs = 20 * MS;
  for (const step of run.steps ?? []) {
    if ('waitMs' in step) {
      pauseNs += step.waitMs * MS;
      typeNs += step.waitMs * MS;
    } else if ('type' in step) {
      typing.push({ atNs: typeNs, bytes: new TextEncoder().encode(step.type) });
    } else {
      requests.push({ text: step.send, atNs: 20 * MS, pauseNs });
      replies.push(step.reply);
      pauseNs = 0;
    }
  }
  const client = { name: 'client', address: '10.0.2.100', port: 7, retryNs: 200 * MS, requests };
  const { guest } = scenario;
  return {
    ...scenario,
    guest: {
      ...guest,
      commandLine: run.commandLine ?? '',
      devices: program.devices.map((device) =>
        device.kind === 'net' ? { kind: 'net', mac: '52:54:00:12:34:56' } : device,
      ),
    },
    clients: requests.length > 0 ? [client] : [],
    typing,
    expect: {
      answers: requests.length > 0 ? { client: replies } : {},
      asWithoutFaults: [],
      diverged: [],
    },
  };
}

/** A crash at a moment that the run without faults has had. */
function crashIn(world: World, prng: Prng): FaultSpec {
  const host = prng.chance(0.75) ? 'alpha' : 'beta';
  const { count, entries, releases } = world.host('alpha').state;
  const messages = world.link('alpha>beta').sent;
  const triggers: Trigger[] = [
    { on: 'count', host, number: prng.below(count) },
    { on: 'entry', host, number: prng.below(entries + 1) },
    { on: 'message', host, number: prng.below(messages) },
    { on: 'output', host: 'alpha', number: prng.below(releases + 1) },
  ];
  const losing = prng.chance(0.5) ? 'messages' : 'outputs-too';
  return { at: triggers[prng.below(triggers.length)]!, action: { do: 'crash', host, losing } };
}

describe('every guest survives crashes', () => {
  for (const [place, program] of readCatalogue().entries()) {
    let sectors: RunParts['sectors'] = {};
    for (const run of someRuns(program)) {
      it(`${program.name} ${run.title}`, () => {
        const scenario = scenarioOf(program, run);
        const parts: RunParts = { ...guestParts, sectors: sectors!, tracing: false };
        const plain = runWorld(scenario, parts);
        expect(outcomeOf(plain, parts)).toMatchObject({ violations: [], exitStatus: run.status });
        const crashes = Math.min(CRASHES, Math.ceil(BUDGET / plain.host('alpha').state.count));
        const prng = new Prng(1 + place);
        for (let i = 0; i < crashes; i++) {
          check(scenario, parts, run, crashIn(plain, prng));
        }
        sectors = plain.state.disk.sectors;
      });
    }
  }
});

function check(scenario: Scenario, parts: RunParts, run: CatalogueRun, crash: FaultSpec): void {
  const outcome = outcomeOf(runWorld({ ...scenario, faults: [crash] }, parts), parts);
  // Nobody types again what was on its way to a host that died.
  const lossy = scenario.typing.length > 0;
  const violations = outcome.violations.filter(({ checker }) => !lossy || checker !== 'liveness');
  expect(violations, JSON.stringify(crash)).toEqual([]);
  if (lossy) return;
  expect(outcome.exitStatus, JSON.stringify(crash)).toBe(run.status);
  expect(consoleMatches(run, outcome.console), outcome.console).toBe(true);
}
