/**
 * A replica that has won its generation and goes on alone: the winner's token is 2g + 1 (rule 2),
 * and the Output Rule no longer binds it. As soon as a standby is there it makes that its backup
 * (reprotect.ts).
 */
import { askAgain, claimForGood, onAnswer } from './arbitration.ts';
import { closeChannel, receive } from './channel.ts';
import { operate, rests, tellSnapshots } from './control.ts';
import { beat, readHeartbeat } from './heartbeat.ts';
import { onBatch } from './inbox.ts';
import { halt, onInput, onSliced, run } from './live.ts';
import { newLocalReads } from './local-reads.ts';
import { allArrived, confirm, release } from './output-rule.ts';
import { type Event, type HostId, tokenOf } from './ports.ts';
import {
  advanceClone,
  endClone,
  giveUp,
  isHeldBack,
  onCaptured,
  onPiece,
  onStandbyMessage,
} from './reprotect.ts';
import type { Step } from './state.ts';
import { hasRoom, newWindow, onShippedSlice } from './window.ts';

/**
 * The first event of a machine without protection. With other hosts in its group it has to win its
 * generation like anybody else, and holds its outputs until then (rule 3).
 */
export function startAlone(step: Step): void {
  step.s.channel = 'closed';
  if (step.config.group.length > 1) claimForGood(step);
  else step.s.arbitration.stage = 'won';
  becomeAlone(step);
}

/**
 * A primary that has won: it closes the channel, so that no acknowledgement counts any more (rule
 * 4), and need not move the fence (rule 10), because its backup can never go live.
 */
export function goAlone(step: Step): void {
  const { s } = step;
  if (step.config.rules.presentChannel) closeChannel(step);
  s.channel = 'closed';
  endClone(step, 'standby-lost');
  s.farewellNs = undefined;
  s.window = newWindow();
  s.reads = newLocalReads();
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

/** Takes one event of an alone replica. The only messages that it reads are a standby's. */
export function onAloneEvent(step: Step, event: Event): void {
  const { s } = step;
  switch (event.kind) {
    case 'message':
      if (s.clone || step.config.rules.closeFirst) {
        onStandbyMessage(step, event.from, event.bytes);
      } else {
        acknowledgeLate(step, event.from, event.bytes);
      }
      break;
    case 'heartbeat':
      if (readHeartbeat(step, event.from, event.bytes) && event.from === s.peer) {
        s.watch.heartbeatHeardNs = s.nowNs;
      }
      break;
    case 'channel-lost':
      if (event.peer === s.peer) giveUp(step, 'standby-lost');
      break;
    case 'captured':
      onCaptured(step, event);
      break;
    case 'piece':
      onPiece(step, event);
      break;
    case 'input':
      onInput(step, event.input);
      break;
    case 'power-off':
    case 'throttle':
    case 'snapshot':
      operate(step, event);
      break;
    case 'sliced':
      if (s.clone?.stage === 'held') onShippedSlice(step, event.slice);
      else onSliced(step, event.slice);
      break;
    case 'released':
      confirm(s.outputs, event.ordinal);
      break;
    case 'arbiter':
      onAnswer(step, event);
      break;
    case 'refused':
      if (event.token > s.token) halt(step, 'refused');
      break;
    default:
      break;
  }
}

/** Without rule 7: the channel is still open, and what comes after the go-live is acknowledged. */
function acknowledgeLate(step: Step, from: HostId, bytes: Uint8Array): void {
  const message = receive(step, from, bytes);
  if (message && message !== 'broken' && message.kind === 'batch') onBatch(step, message);
}

/** What follows from state and time, after every event. Its heartbeat tells a peer that it lost. */
export function advanceAlone(step: Step): void {
  const { s } = step;
  // Who was to take over has not: the guest goes on here.
  if (s.execution.ended === 'switch-over') s.execution.ended = undefined;
  beat(step);
  askAgain(step);
  if (s.arbitration.stage === 'lost') {
    halt(step, 'lost-test-and-set');
    return;
  }
  advanceClone(step);
  const won = s.arbitration.stage === 'won';
  const limit = isHeldBack(step) ? s.window.acknowledged : won ? Number.POSITIVE_INFINITY : 0;
  release(step, limit);
  tellSnapshots(step, limit);
  if (s.execution.ended && won && allArrived(s.outputs)) halt(step, s.execution.ended);
  else if (!s.execution.ended && mayRun(step) && !rests(step)) run(step);
}

/** A machine stands still for its last round, and while what its standby must be told piles up. */
function mayRun(step: Step): boolean {
  const { stage } = step.s.clone ?? {};
  return stage !== 'stopping' && (stage !== 'held' || hasRoom(step));
}
