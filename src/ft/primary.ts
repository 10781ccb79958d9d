/**
 * The primary: runs the guest, sends its log to the backup, and lets outputs leave under the Output
 * Rule. When the backup seems to have failed it asks the arbiter, with the rule still on (rule 3),
 * and goes on alone once it has won; if the backup is heard again before, it withdraws (rule 10).
 *
 * An ending guest (exit, fault, power-off) is held like an output (rule 19): the primary lingers
 * until the last entry is acknowledged and the last output has arrived, then says goodbye, so that
 * the backup does not go live after a clean end (contracts.md 9). A planned switch-over is such an
 * end, but its goodbye tells the backup to claim the generation at once, without a failure, and the
 * primary stays until it knows that somebody has it: after the failure time-out it claims too, and
 * goes on if it wins. A claim cannot be taken back, so who has claimed before says no goodbye.
 */
import { goAlone } from './alone.ts';
import { askAgain, claim, claimForGood, onAnswer, onOwner, withdraw } from './arbitration.ts';
import { closeChannel, receive, send } from './channel.ts';
import { operate, rests, tellSnapshots } from './control.ts';
import { beat, failureAtNs, readHeartbeat, startWatch } from './heartbeat.ts';
import { halt, onInput, run } from './live.ts';
import type { Message } from './messages.ts';
import { allArrived, confirm, release } from './output-rule.ts';
import type { Event, HostId } from './ports.ts';
import { isHeldBack, onProtected, takeBack } from './reprotect.ts';
import type { Ending, Step } from './state.ts';
import { acknowledge, flush, hasRoom, onShippedSlice } from './window.ts';

/** The first event of a primary's life: it greets the backup. */
export function startPrimary(step: Step): void {
  startWatch(step);
  step.s.channel = 'greeting';
  const { machine, owner, configuration } = step.config;
  send(step, { kind: 'hello', generation: step.s.generation, machine, owner, configuration });
}

/** Takes one event of a primary. */
export function onPrimaryEvent(step: Step, event: Event): void {
  const { s } = step;
  switch (event.kind) {
    case 'message':
      onMessage(step, event.from, event.bytes);
      break;
    case 'heartbeat': {
      const heard = readHeartbeat(step, event.from, event.bytes);
      if (!heard) break;
      if (heard.token > s.token) claimForGood(step);
      else if (event.from === s.peer && heard.generation === s.generation)
        s.watch.heartbeatHeardNs = s.nowNs;
      break;
    }
    case 'input':
      onInput(step, event.input);
      break;
    case 'power-off':
    case 'throttle':
    case 'snapshot':
      operate(step, event);
      break;
    case 'switch-over':
      if (s.channel === 'open' && !s.clone && s.arbitration.asked === 0) operate(step, event);
      break;
    case 'sliced':
      onShippedSlice(step, event.slice);
      break;
    case 'released':
      confirm(s.outputs, event.ordinal);
      break;
    case 'channel-lost':
      if (event.peer === s.peer) loseChannel(step);
      break;
    case 'refused':
      if (event.token > s.token) claimForGood(step);
      break;
    case 'arbiter':
      onAnswer(step, event);
      break;
    case 'owner':
      onOwner(step, event);
      break;
    default:
      break;
  }
}

function onMessage(step: Step, from: HostId, bytes: Uint8Array): void {
  const message = receive(step, from, bytes);
  if (!message || (message !== 'broken' && takeMessage(step, message))) return;
  loseChannel(step);
}

/** The channel is gone; a backup that was to take over closes it, and is given its time. */
function loseChannel(step: Step): void {
  closeChannel(step);
  if (!handsOver(step)) claimForGood(step);
}

/** Whether the backup has been told to take over, and this primary waits for it to do so. */
const handsOver = ({ s }: Step): boolean =>
  s.execution.ended === 'switch-over' && s.farewellNs !== undefined;

/** False if the channel cannot be used any more. */
function takeMessage(step: Step, message: Message): boolean {
  const { config, s } = step;
  switch (message.kind) {
    case 'hello-ack':
      if (message.configuration !== config.configuration || message.machine !== config.machine) {
        send(step, { kind: 'goodbye', generation: s.generation, reason: 'refused' });
        halt(step, 'refused');
      } else if (s.channel === 'greeting') {
        s.channel = 'open';
      }
      return true;
    case 'ack':
      if (!takeAck(step, message)) return false;
      onProtected(step);
      return true;
    case 'goodbye':
      // Nothing has been protected yet: the operator has started two different machines.
      if (message.reason !== 'refused' || s.channel !== 'greeting') return false;
      halt(step, 'refused');
      return true;
    case 'goodbye-ack':
      if (s.farewellNs !== undefined && !handsOver(step)) halt(step, s.execution.ended!);
      return true;
    default:
      return false;
  }
}

function takeAck(step: Step, ack: Message & { kind: 'ack' }): boolean {
  const { config, s } = step;
  if (config.rules.presentChannel) return acknowledge(step, ack);
  // Without rule 4 the number of a batch is all that counts, whichever channel it was on.
  const batch = s.window.underWay.find((sent) => sent.batch === ack.batch);
  return !batch || acknowledge(step, { ...ack, received: batch.entries, executed: 0 });
}

/** What follows from state and time, after every event. */
export function advancePrimary(step: Step): void {
  const { s } = step;
  const beaten = beat(step);
  const watching = s.channel !== 'closed' && s.farewellNs === undefined;
  if (watching && s.nowNs >= failureAtNs(step)) {
    if (takeBack(step)) return;
    claim(step);
  } else if (watching) {
    withdraw(step);
  }
  askAgain(step);
  if (s.arbitration.stage === 'lost') {
    halt(step, handsOver(step) ? 'switch-over' : 'lost-test-and-set');
    return;
  }
  if (s.arbitration.stage === 'won') {
    goAlone(step);
    return;
  }
  if (farewell(step)) return;
  if (s.channel === 'open' && (beaten || isDue(step))) flush(step);
  release(step, releaseLimit(step));
  tellSnapshots(step, releaseLimit(step));
  if (s.channel !== 'greeting' && !s.execution.ended && hasRoom(step) && !rests(step)) run(step);
}

/** Entries go out at once when an output waits for them, else when they have waited long enough. */
function isDue({ s }: Step): boolean {
  const { unsent, flushAtNs } = s.window;
  if (unsent.length === 0) return false;
  return s.nowNs >= flushAtNs || !unsent.every(({ kind }) => kind === 'input' || kind === 'digest');
}

/** Outputs whose entries are below this may leave. */
function releaseLimit(step: Step): number {
  const { config, s } = step;
  if (!config.rules.outputRule || !isHeldBack(step)) return Number.POSITIVE_INFINITY;
  if (!config.rules.winFirst && s.arbitration.stage === 'asking') return Number.POSITIVE_INFINITY;
  return s.window.acknowledged;
}

/** The end of a primary whose guest has ended. True once it has said goodbye. */
function farewell(step: Step): boolean {
  const { config, s } = step;
  const { ended } = s.execution;
  if (!ended) return false;
  if (!config.rules.holdEnd && ended === 'power-off') {
    halt(step, ended);
    return true;
  }
  if (s.farewellNs === undefined) return sayGoodbye(step, ended);
  const expired = s.nowNs >= s.farewellNs + config.timing.failureTimeoutNs;
  if (ended !== 'switch-over') {
    if (expired || s.channel === 'closed') halt(step, ended);
  } else if (expired) {
    claimForGood(step);
  }
  return true;
}

function sayGoodbye(step: Step, reason: Ending): boolean {
  const { s } = step;
  if (reason === 'switch-over' && s.arbitration.asked > 0) {
    // Its claim may yet succeed and cannot be taken back, so the backup might be refused.
    claimForGood(step);
    return false;
  }
  const { unsent, sent, acknowledged } = s.window;
  const acknowledgedAll = unsent.length === 0 && acknowledged === sent;
  if (s.channel !== 'open' || !acknowledgedAll || !allArrived(s.outputs)) return false;
  s.farewellNs = s.nowNs;
  send(step, { kind: 'goodbye', generation: s.generation, reason });
  return true;
}
