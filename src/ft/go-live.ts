/**
 * From backup to alone [P §2.3]. The channel is closed, so what has been acknowledged is what the
 * primary's outputs can depend on. In this order, each step waiting for the one before:
 *
 * 1. the generation's test-and-set is won (rule 1); until then the replica emits nothing
 * 2. the shared disk's fence is raised to 2g + 1, and that is confirmed (rule 8)
 * 3. everything acknowledged has been consumed (rule 7); this runs while 1 and 2 wait
 * 4. the replayer becomes a recorder; gateway and console sink are told
 * 5. the uncertain window goes again by its policy, pending disk requests are re-issued in order,
 *    overlapping ones one at a time (rule 9)
 */
import { becomeAlone } from './alone.ts';
import { halt } from './live.ts';
import { dropUncertain, takeRequests } from './output-rule.ts';
import { tokenOf } from './ports.ts';
import type { Step } from './state.ts';

/** Takes the next steps that are possible. Called once the backup has begun to ask. */
export function goLive(step: Step): void {
  const { config, s, out } = step;
  const consumed = isThrough(step);
  if (consumed && s.execution.ended === 'power-off') {
    halt(step, 'power-off');
    return;
  }
  if (s.arbitration.stage !== 'won') return;
  if (!isFenced(step)) return;
  if (!consumed) return;
  out.push({ kind: 'go-live' });
  // A guest that has ended may have outputs left that no entry covers; a recorder brings them out.
  s.execution.ended = undefined;
  dropUncertain(s.outputs, config.uncertain);
  if (!config.rules.reissue) takeRequests(s.outputs);
  becomeAlone(step);
}

/** Whether everything that has been received has been executed, also by disks of the host's own. */
function isThrough({ s }: Step): boolean {
  const { inbox, execution, mirror } = s;
  return inbox.executed === inbox.received && !execution.running && mirror.length === 0;
}

/** Raises the shared disk's fence, asking until it answers. True once it is confirmed. */
function isFenced({ config, s, out }: Step): boolean {
  if (!config.rules.fence || config.disks === 'own') return true;
  if (s.fence === 'confirmed') return true;
  if (s.fence && s.nowNs < s.fence.retryAtNs) return false;
  s.fence = { retryAtNs: s.nowNs + config.timing.retryNs };
  out.push({ kind: 'fence', token: tokenOf(s.generation, true) });
  return false;
}
