/** A scenario that is written into a file comes back as it was. */
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseScenario } from '../../src/sim/scenario.ts';
import { scenarioText } from '../../src/sim/scenario-text.ts';
import { namedScenario } from './guests.ts';
import { anyFault, settings, toyScenario } from './toy-scenario.ts';

const NAMES = readdirSync(new URL('../../src/sim/scenarios/', import.meta.url))
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.replace('.yaml', ''));

it.each(NAMES)('%s, and each point of its sweep', (name) => {
  const { points, ...scenario } = namedScenario(name);
  const runs = [{ ...scenario, axes: [], points: [] }, ...points.map((point) => point.scenario)];
  for (const run of runs) expect(parseScenario(scenarioText(run), 'again.yaml')).toEqual(run);
});

it('a sweep is not written: the text is of one run', () => {
  const swept = namedScenario('output-rule-cost');
  expect(swept.points).not.toEqual([]);
  const again = parseScenario(scenarioText(swept), 'again.yaml');
  expect(again).toEqual({ ...swept, axes: [], points: [] });
});

it('whatever its faults and settings are', () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(anyFault, { maxLength: 5 }), settings, (seed, faults, set) => {
      const hosts = set.hosts!.map((host) => ({ speed: 1, ...host }));
      const scenario = { ...toyScenario(seed, faults), ...set, hosts, typing: [] };
      expect(parseScenario(scenarioText(scenario), 'again.yaml')).toEqual(scenario);
    }),
  );
});
