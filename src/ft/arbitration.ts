/**
 * The test-and-set on shared storage that decides who goes on [P §2.3], one per generation.
 *
 * Invariants:
 * - only a complete member of generation g claims g, always under the same owner id (rule 1)
 * - an answer counts only if it is to our own claim
 * - 'unknown', or no answer at all, is asked again without end (rule 6); only 'lost' halts
 * - a claim is never taken back: its late success binds this replica all the same. Who withdraws a
 *   false alarm (rule 10) asks, claiming nothing, who owns the generation, until he is told
 */
import type { Claim, Event } from './ports.ts';
import type { Step } from './state.ts';

export interface Arbitration {
  stage: 'idle' | 'asking' | 'withdrawn' | 'won' | 'lost';
  retryAtNs: number;
  /** Times that the arbiter has been asked. */
  asked: number;
  /** Somebody else has gone on, or the channel is closed: there is no way back. */
  sure: boolean;
}

/** Nothing asked yet. */
export const newArbitration = (): Arbitration => ({
  stage: 'idle',
  retryAtNs: 0,
  asked: 0,
  sure: false,
});

/** Begins to ask, unless this replica asks already or has been answered. */
export function claim(step: Step): void {
  const { config, s } = step;
  if (s.arbitration.stage !== 'idle' && s.arbitration.stage !== 'withdrawn') return;
  if (!config.rules.testAndSet) {
    s.arbitration.stage = 'won';
    return;
  }
  s.arbitration.stage = 'asking';
  ask(step);
}

/** Begins to ask, and will not withdraw. */
export function claimForGood(step: Step): void {
  step.s.arbitration.sure = true;
  claim(step);
}

/** Takes a false alarm back, unless it is sure: the peer has been heard again (rule 10). */
export function withdraw({ s }: Step): void {
  const { arbitration } = s;
  if (arbitration.stage !== 'asking' || arbitration.sure) return;
  arbitration.stage = 'withdrawn';
  arbitration.retryAtNs = s.nowNs;
}

/** Asks again when it is time to. */
export function askAgain(step: Step): void {
  const { config, s, out } = step;
  const { stage, retryAtNs } = s.arbitration;
  if (s.nowNs < retryAtNs) return;
  if (stage === 'asking') ask(step);
  if (stage === 'withdrawn') {
    s.arbitration.retryAtNs = s.nowNs + config.timing.retryNs;
    out.push({ kind: 'who-won', machine: config.machine, generation: s.generation });
  }
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
  const { stage } = s.arbitration;
  if (stage === 'won' || stage === 'lost' || !isOurs(step, event.claim)) return;
  if (event.answer !== 'unknown') s.arbitration.stage = event.answer;
  else if (!config.rules.askAgain && stage === 'asking') s.arbitration.stage = 'won';
}

function isOurs({ config, s }: Step, claim: Claim): boolean {
  return (
    claim.machine === config.machine &&
    claim.generation === s.generation &&
    claim.owner === config.owner
  );
}

/** Hears who owns a generation, after a withdrawal: nobody means that nothing has happened. */
export function onOwner({ config, s }: Step, event: Event & { kind: 'owner' }): void {
  if (s.arbitration.stage !== 'withdrawn' || event.generation !== s.generation) return;
  if (event.machine !== config.machine) return;
  if (event.owner === undefined) s.arbitration.stage = 'idle';
  else s.arbitration.stage = event.owner === config.owner ? 'won' : 'lost';
}
