/**
 * Every rule and every mechanism that can be switched off is convicted without it. Most are caught
 * here; the rules whose breach takes a rarer coincidence are caught on the toy machine, where each
 * has a test of its own (random-faults.test.ts, reprotection.test.ts).
 */
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { hunt, MUTANTS } from '../../src/sim/mutants.ts';
import { guestParts, namedScenario } from './guests.ts';

const SCENARIOS = readdirSync(new URL('../../src/sim/scenarios/', import.meta.url))
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => namedScenario(file.replace('.yaml', '')));

/** Caught on the toy machine. */
const RARE = [
  ...['fence', 'confirm-releases', 'tokens', 'present-channel', 'complete-only', 'ask-source'],
  ...['close-first', 'spend-number'],
];

it('there are more than twenty of them', () => {
  expect(MUTANTS.length).toBeGreaterThanOrEqual(20);
  expect(MUTANTS).toEqual(expect.arrayContaining(RARE));
});

it.each(MUTANTS.filter((mutant) => !RARE.includes(mutant)))('without %s', (mutant) => {
  const caught = hunt(mutant, SCENARIOS, guestParts, 20);
  expect(caught).toBeDefined();
  expect(caught!.runs).toBeGreaterThan(0);
});
