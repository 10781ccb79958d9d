/**
 * A replica that has won its generation and goes on alone: the winner's token is 2g + 1 (rule 2),
 * and the Output Rule no longer binds it. Until re-protection it runs the guest without a backup.
 */
import { closeChannel } from './channel.ts';
import { beat } from './heartbeat.ts';
import { halt, onInput, onSliced, run } from './live.ts';
import { allArrived, confirm, release } from './output-rule.ts';
import { type Event, tokenOf } from './ports.ts';
import type { Step } from './state.ts';

/** The first event of a machine without protection. */
export function startAlone(step: Step): void {
  step.s.channel = 'closed';
  step.s.arbitration.stage = 'won';
  becomeAlone(step);
}

/**
 * A primary that has won: it closes the channel, so that no acknowledgement counts any more (rule
 * 4), and need not move the fence (rule 10), because its backup can never go live.
 */
export function goAlone(step: Step): void {
  const { s } = step;
  closeChannel(step);
  s.window.unsent = [];
  s.reads.undone = [];
  becomeAlone(step);
}

/** The last step of either way here: takes the winner's token and tells the world. */
export function becomeAlone(step: Step): void {
  const { s, out } = step;
  s.role = 'alone';
  s.token = tokenOf(s.generation, true);
  s.watch.nextHeartbeatNs = s.nowNs;
  out.push({ kind: 'announce', token: s.token });
  advanceAlone(step);
}

/** Takes one event of an alone replica. Messages of the closed channel are not read. */
export function onAloneEvent(step: Step, event: Event): void {
  const { s, out } = step;
  switch (event.kind) {
    case 'input':
      onInput(step, event.input);
      break;
    case 'power-off':
      if (!s.execution.ended) out.push({ kind: 'control', op: { op: 'power-off' } });
      break;
    case 'sliced':
      onSliced(step, event.slice);
      break;
    case 'released':
      confirm(s.outputs, event.ordinal);
      break;
    case 'refused':
      if (event.token > s.token) halt(step, 'refused');
      break;
    default:
      break;
  }
}

/** What follows from state and time, after every event. Its heartbeat tells a peer that it lost. */
export function advanceAlone(step: Step): void {
  const { s } = step;
  beat(step);
  release(step, Number.POSITIVE_INFINITY);
  if (!s.execution.ended) run(step);
  else if (allArrived(s.outputs)) halt(step, s.execution.ended);
}
