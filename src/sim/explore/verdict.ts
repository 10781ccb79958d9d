/**
 * Verdicts on runs, from the client's side: what those outside took, whether they were answered,
 * and how many machines there were. The checker `output-rule`, which looks behind the gateway, has
 * no say here.
 */
import type { Violation } from '../trace.ts';
import type { World } from '../world.ts';

/** Every verdict, from the best to the worst. */
export const VERDICTS = [
  'ok',
  'gone',
  'stuck',
  'repeated',
  'lost',
  'diverged',
  'inconsistent',
  'two live',
] as const;

/**
 * - `gone`: nothing wrong was seen, but nobody is left to answer: both members died, or the winner
 * - `stuck`: somebody is alive, everything is healed, and yet a client is not answered
 * - `repeated`: a receiver took one output twice from the same owner
 * - `lost`: bytes of the console never came
 * - `diverged`: a replica no longer does what the log says
 * - `inconsistent`: somebody was told what the machine that lived on never said
 * - `two live`: two hosts went on alone
 */
export type Verdict = (typeof VERDICTS)[number];

/** How maps write a verdict. */
export const VERDICT_LETTERS: Readonly<Record<Verdict, string>> = {
  ok: '·',
  gone: '-',
  stuck: 'S',
  repeated: 'R',
  lost: 'L',
  diverged: 'D',
  inconsistent: 'X',
  'two live': '2',
};

const BY_CHECKER: Readonly<Record<string, Verdict>> = {
  'one-live': 'two live',
  divergence: 'diverged',
  console: 'lost',
  repetition: 'repeated',
  liveness: 'stuck',
};

/** The verdict that a letter stands for; undefined for any other character. */
export function verdictOfLetter(letter: string): Verdict | undefined {
  return VERDICTS.find((verdict) => VERDICT_LETTERS[verdict] === letter);
}

/** The worse of two verdicts. */
export function worse(a: Verdict, b: Verdict): Verdict {
  return VERDICTS.indexOf(a) > VERDICTS.indexOf(b) ? a : b;
}

/** Whether a run of this verdict breaks what vmft promises. */
export const isConviction = (verdict: Verdict): boolean => verdict !== 'ok' && verdict !== 'gone';

/** The verdict of one broken rule; undefined where clients cannot see it. */
export function verdictOfChecker(checker: string): Verdict | undefined {
  return checker === 'output-rule' ? undefined : (BY_CHECKER[checker] ?? 'inconsistent');
}

/** The verdict on `world`, in which `violations` were found. */
export function verdictOf(world: World, violations: readonly Violation[]): Verdict {
  let verdict: Verdict = isUnfinished(world) ? 'gone' : 'ok';
  for (const { checker } of violations) verdict = worse(verdict, verdictOfChecker(checker) ?? 'ok');
  return verdict;
}

/** Whether a client or the guest has something left to do. */
export function isUnfinished({ state, scenario }: World): boolean {
  if (scenario.untilExit && state.exitStatus === undefined) return true;
  return scenario.clients.some(({ requests }, i) => state.clients[i]!.next < requests.length);
}
