/** What a primary and an alone replica have in common: a guest that runs and takes inputs. */
import type { Slice } from '../hypervisor/entry.ts';
import type { Input } from '../machine/input.ts';
import { obey, rest } from './control.ts';
import { type Completed, complete, produce } from './output-rule.ts';
import type { HaltReason } from './ports.ts';
import type { Step } from './state.ts';

/**
 * Hands an input to the guest. A disk completion that no running request asked for is a repetition
 * and goes no further (rule 20). A switch-over may yet be called off: its inputs wait for that in
 * the recorder, for a disk completes a request once.
 */
export function onInput({ s, out }: Step, input: Input): void {
  if (input.kind === 'disk' && !complete(s.outputs, input.id)) return;
  const { ended } = s.execution;
  if (!ended || ended === 'switch-over') out.push({ kind: 'offer', input });
}

/** Takes in a stretch of execution, recorded or replayed; returns the completions in it. */
export function onSliced(step: Step, slice: Slice): Completed[] {
  const { s } = step;
  const { execution } = s;
  execution.running = false;
  execution.count = slice.count;
  const completed = produce(s.outputs, slice);
  if (slice.stop.why === 'exit') execution.ended = 'guest-exit';
  if (slice.stop.why === 'fault') execution.ended = 'guest-fault';
  for (const entry of slice.entries) if (entry.kind === 'control') obey(step, entry);
  rest(step, slice);
  return completed;
}

/** Asks for the next stretch, unless one is out. */
export function run({ config, s, out }: Step): void {
  if (s.execution.running) return;
  s.execution.running = true;
  const { sliceInstructions, promptInstructions } = config.limits;
  const prompt = s.role === 'backup' || s.outputs.held.length > 0;
  const until = s.execution.count + (prompt ? promptInstructions : sliceInstructions);
  out.push({ kind: 'run', until });
}

/** Ends this replica's life. */
export function halt({ s, out }: Step, reason: HaltReason): void {
  s.role = 'halted';
  out.push({ kind: 'halt', reason });
}
