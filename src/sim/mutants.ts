/**
 * Mutants of the design: everything that can be switched off, one thing at a time. Each must be
 * convicted: by a scenario that names it under "without", else by random worlds in which it is off.
 * A mutant that survives would be a rule without a reason, or a checker that is blind.
 */
import { isExcused, randomScenario } from './random-world.ts';
import { type RunParts, runScenario, withoutRule } from './run.ts';
import type { Scenario } from './scenario.ts';

/** One thing that can be switched off. */
export interface Mutant {
  /** What files and command lines call it. */
  readonly name: string;
  /** Where it is laid down: in protocol.md, where no other page is named. */
  readonly rule: string;
  /** What happens without it. */
  readonly without: string;
  /** The guest in whose random worlds it is hunted; any if undefined. */
  readonly guest?: string;
}

const UNLOGGED = 'contracts.md 8';

/** Each of them: the rules of the protocol, then the mechanisms round it. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'output-rule',
    rule: '§2',
    without: 'outputs leave before their entry is acknowledged',
  },
  {
    name: 'test-and-set',
    rule: '§4 rule 1',
    without: 'whoever hears nothing goes on alone',
  },
  {
    name: 'tokens',
    rule: '§4 rule 2',
    without: 'receivers compare generations, which winner and loser share',
    guest: 'everything',
  },
  {
    name: 'win-first',
    rule: '§4 rule 3',
    without: 'a primary that asks lets outputs leave at once',
    guest: 'kv',
  },
  {
    name: 'present-channel',
    rule: '§4 rule 4',
    without: 'acknowledgements of an earlier channel count',
    guest: 'everything',
  },
  {
    name: 'confirm-releases',
    rule: '§4 rule 5',
    without: 'what was handed to a socket counts as arrived',
    guest: 'everything',
  },
  {
    name: 'ask-again',
    rule: '§4 rule 6',
    without: 'no answer from the arbiter is leave to go on',
  },
  {
    name: 'close-first',
    rule: '§4 rule 7',
    without: 'a backup acknowledges after the point of its go-live',
    guest: 'everything',
  },
  {
    name: 'fence',
    rule: '§4 rule 8',
    without: 'late writes of the loser reach the disk',
    guest: 'everything',
  },
  {
    name: 'rule-first',
    rule: '§4 rule 11',
    without: 'outputs leave while a standby gets the last of the machine',
  },
  {
    name: 'spend-number',
    rule: '§4 rule 12',
    without: 'a source takes back the generation that it gave away',
    guest: 'kv',
  },
  {
    name: 'complete-only',
    rule: '§4 rule 14',
    without: 'a joining host claims',
    guest: 'kv',
  },
  {
    name: 'ask-source',
    rule: '§4 rule 15',
    without: 'a restarted host takes up what it was, and joins anybody',
    guest: 'everything',
  },
  {
    name: 'reissue',
    rule: '§4 rule 9',
    without: 'what the disk had under way at a go-live is not issued again',
  },
  {
    name: 'highest-token',
    rule: '§4 rule 17',
    without: 'the gateway listens to whoever spoke last',
    guest: 'kv',
  },
  {
    name: 'hold-end',
    rule: '§4 rule 19',
    without: 'a primary that is switched off leaves before its backup knows',
  },
  {
    name: 'know-again',
    rule: '§4 rule 20',
    without: 'a disk carries out a request as often as it comes',
  },
  {
    name: 'one-at-a-time',
    rule: '§5',
    without: 'disk requests that overlap run at the same time',
  },
  { name: 'lag', rule: '§1', without: 'a backup runs on when it has no entry' },
  { name: 'count', rule: '§1', without: 'ticks come by the backup’s own time' },
  {
    name: 'bounce-buffer',
    rule: '§5',
    without: 'what a disk reads goes into memory before its completion',
  },
  {
    name: 'rule-for-reads',
    rule: '§2',
    without: 'answers that change nothing leave at once',
  },
  { name: 'backup', rule: '§4 rule 16', without: 'an operator starts the machine anew' },
  { name: 'disk-copy', rule: '§3.1 of the paper', without: 'own disks stay behind when it moves' },
  { name: 'mirror', rule: '§4.1 of the paper', without: 'a backup leaves its own disk as it was' },
  { name: 'log:tick', rule: UNLOGGED, without: 'timer ticks are not logged' },
  { name: 'log:packet', rule: UNLOGGED, without: 'packets are not logged' },
  { name: 'log:console', rule: UNLOGGED, without: 'typed bytes are not logged' },
  { name: 'log:disk', rule: UNLOGGED, without: 'disk completions are not logged' },
  { name: 'log:tsc', rule: UNLOGGED, without: 'cycle counts are not logged' },
  { name: 'log:timeNs', rule: UNLOGGED, without: 'readings of the timer are not logged' },
  { name: 'log:timeOfDay', rule: UNLOGGED, without: 'the time of day is not logged' },
  { name: 'log:entropy', rule: UNLOGGED, without: 'random numbers are not logged' },
];

/** A run that may convict a mutant, and how a reader repeats it. */
export interface Trial {
  readonly scenario: Scenario;
  readonly command: string;
}

/** Why a trial convicts. */
export interface Conviction {
  readonly checker: string;
  /** Virtual time at which it was noticed, in ns. */
  readonly timeNs: number;
}

/** Scenarios that name the mutant, then so many random worlds. */
export function* trials(
  { name, guest }: Mutant,
  scenarios: readonly Scenario[],
  seeds: number,
): Generator<Trial> {
  for (const scenario of scenarios.filter(({ without }) => without.includes(name))) {
    const command = `vmft scenario ${scenario.name} --without ${name}`;
    yield { scenario: withoutRule(scenario, name), command };
  }
  for (let seed = 1; seed <= seeds; seed++) yield randomTrial(name, seed, guest);
}

/** The random world of a seed in which the mutant is hunted. */
export function randomTrial(name: string, seed: number, guest?: string): Trial {
  const only = guest === undefined ? '' : ` --guest ${guest}`;
  const command = `vmft soak --runs 1 --seed ${seed}${only} --without ${name}`;
  return { scenario: withoutRule(randomScenario(seed, guest), name), command };
}

/** Whether any checker convicts a run, and the first that does. */
export function tryOne({ scenario }: Trial, parts: RunParts): Conviction | undefined {
  const { violations } = runScenario(scenario, { ...parts, tracing: false });
  return violations.find(({ checker }) => !isExcused(scenario, checker));
}
