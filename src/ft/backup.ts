/**
 * The backup: follows the primary's log at least one entry behind, emits nothing, and acknowledges
 * entries as they come into its buffer. When the primary seems to have failed it closes the channel
 * and asks the arbiter; go-live.ts has what follows.
 */
import { askAgain, claimForGood, onAnswer } from './arbitration.ts';
import { closeChannel, receive, send } from './channel.ts';
import { goLive } from './go-live.ts';
import { beat, failureAtNs, readHeartbeat, startWatch } from './heartbeat.ts';
import { moveWaiting, onBatch, reportProgress } from './inbox.ts';
import { halt, onSliced, run } from './live.ts';
import { askReads, hasReads, onRead } from './local-reads.ts';
import type { Message } from './messages.ts';
import { forgetReleased } from './output-rule.ts';
import { askMirror, mirror, mirrorRest, onMirrored } from './own-disks.ts';
import type { Event, HaltReason, HostId } from './ports.ts';
import type { Step } from './state.ts';

/** The first event of a backup's life: it waits for the primary's greeting. */
export function startBackup(step: Step): void {
  startWatch(step);
  step.s.channel = 'greeting';
}

/** Takes one event of a backup. An input is none of its business: it is not announced. */
export function onBackupEvent(step: Step, event: Event): void {
  const { s } = step;
  switch (event.kind) {
    case 'message':
      onMessage(step, event.from, event.bytes);
      break;
    case 'heartbeat': {
      const heard = readHeartbeat(step, event.from, event.bytes);
      if (!heard) break;
      // Rule 18: whoever hears "alone", or a later generation, asks.
      if (heard.token > s.token) suspect(step);
      else if (event.from === s.peer && heard.generation === s.generation)
        s.watch.heartbeatHeardNs = s.nowNs;
      break;
    }
    case 'sliced':
      s.inbox.executed += event.slice.entries.length;
      mirror(step, onSliced(step, event.slice));
      forgetReleased(s.outputs, s.inbox.releasedUpTo);
      if (hasReads(step, event.slice)) reportProgress(step);
      break;
    case 'diverged':
      if (s.channel === 'open') {
        send(step, { kind: 'goodbye', generation: s.generation, reason: 'divergence' });
      }
      halt(step, 'divergence');
      break;
    case 'read':
      onRead(step, event.completion);
      break;
    case 'mirrored':
      onMirrored(step, event.ordinal, event.ok);
      break;
    case 'channel-lost':
      if (event.peer === s.peer) suspect(step);
      break;
    case 'arbiter':
      onAnswer(step, event);
      break;
    case 'fenced':
      if (s.fence && event.token > s.token) s.fence = 'confirmed';
      break;
    default:
      break;
  }
}

/** Rule 7: from here on nothing is acknowledged, so the point of a go-live is fixed. */
function suspect(step: Step): void {
  if (step.s.leaving) return;
  if (step.config.rules.closeFirst) closeChannel(step);
  claimForGood(step);
}

function onMessage(step: Step, from: HostId, bytes: Uint8Array): void {
  const message = receive(step, from, bytes);
  if (!message || (message !== 'broken' && takeMessage(step, message))) return;
  suspect(step);
}

/** False if the channel cannot be used any more. */
function takeMessage(step: Step, message: Message): boolean {
  const { s } = step;
  if (message.kind === 'hello') return takeHello(step, message);
  if (message.kind === 'goodbye') {
    const { reason } = message;
    send(step, { kind: 'goodbye-ack', generation: s.generation });
    if (reason === 'switch-over') return false;
    if (reason === 'divergence' || reason === 'refused') halt(step, 'refused');
    else leave(step, reason);
    return true;
  }
  return message.kind === 'batch' && s.channel === 'open' && onBatch(step, message);
}

function takeHello(step: Step, hello: Message & { kind: 'hello' | 'hello-ack' }): boolean {
  const { config, s } = step;
  const { generation } = s;
  const { machine, owner, configuration } = config;
  if (
    hello.machine !== machine ||
    hello.configuration !== configuration ||
    hello.generation !== generation
  ) {
    send(step, { kind: 'goodbye', generation, reason: 'refused' });
    halt(step, 'refused');
    return true;
  }
  s.channel = 'open';
  send(step, { kind: 'hello-ack', generation, machine, owner, configuration });
  return true;
}

/** What follows from state and time, after every event. */
export function advanceBackup(step: Step): void {
  const { s } = step;
  if (s.channel !== 'closed') {
    moveWaiting(step);
    if (s.nowNs >= failureAtNs(step)) suspect(step);
  }
  askAgain(step);
  if (s.arbitration.stage === 'lost') {
    halt(step, 'lost-test-and-set');
    return;
  }
  beat(step);
  askReads(step);
  askMirror(step);
  if (s.inbox.executed + s.reads.waiting.length < s.inbox.received) run(step);
  if (s.leaving) leave(step, s.leaving);
  else if (s.arbitration.stage !== 'idle') goLive(step);
}

/** The primary has ended for good, and everything that it said is here. */
function leave(step: Step, reason: HaltReason): void {
  const { config, s } = step;
  if (config.disks === 'own' && !isMirrored(step)) {
    s.leaving = reason;
    closeChannel(step);
  } else {
    halt(step, reason);
  }
}

/** Whether the disks are as the primary has left its own. */
function isMirrored(step: Step): boolean {
  const { inbox, execution } = step.s;
  if (inbox.executed < inbox.received || execution.running) return false;
  mirrorRest(step);
  askMirror(step);
  return step.s.mirror.length === 0;
}
