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

it.each(NAMES)('%s', (name) => {
  const scenario = namedScenario(name);
  expect(parseScenario(scenarioText(scenario), 'again.yaml')).toEqual(scenario);
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
