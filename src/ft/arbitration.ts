/**
 * The test-and-set on shared storage that decides who goes on [P §2.3], one per generation.
 *
 * Invariants:
 * - only a complete member of generation g claims g, always under the same owner id (rule 1)
 * - an answer counts only if it is to our own claim
 * - 'unknown', or no answer at all, is asked again without end (rule 6); only 'lost' halts
 * - a claim is never taken back: its late success would bind this replica all the same
 */
import type { Claim, Event } from './ports.ts';
import type { Step } from './state.ts';

export interface Arbitration {
  stage: 'idle' | 'asking' | 'won' | 'lost';
  retryAtNs: number;
  /** Times that the arbiter has been asked. */
  asked: number;
}

/** Nothing asked yet. */
export const newArbitration = (): Arbitration => ({ stage: 'idle', retryAtNs: 0, asked: 0 });

/** Begins to ask, unless this replica has begun before. */
export function claim(step: Step): void {
  const { config, s } = step;
  if (s.arbitration.stage !== 'idle') return;
  if (!config.rules.testAndSet) {
    s.arbitration.stage = 'won';
    return;
  }
  s.arbitration.stage = 'asking';
  ask(step);
}

/** Asks again when it is time to. */
export function askAgain(step: Step): void {
  const { stage, retryAtNs } = step.s.arbitration;
  if (stage === 'asking' && step.s.nowNs >= retryAtNs) ask(step);
}

function ask({ config, s, out }: Step): void {
  const { machine, owner, timing } = config;
  s.arbitration.retryAtNs = s.nowNs + timing.retryNs;
  s.arbitration.asked++;
  out.push({ kind: 'test-and-set', claim: { machine, generation: s.generation, owner } });
}

/** Takes an answer of the arbiter. */
export function onAnswer(step: Step, event: Event & { kind: 'arbiter' }): void {
  const { config, s } = step;
  if (s.arbitration.stage !== 'asking' || !isOurs(step, event.claim)) return;
  if (event.answer !== 'unknown') s.arbitration.stage = event.answer;
  else if (!config.rules.askAgain) s.arbitration.stage = 'won';
}

function isOurs({ config, s }: Step, claim: Claim): boolean {
  return (
    claim.machine === config.machine &&
    claim.generation === s.generation &&
    claim.owner === config.owner
  );
}
