/**
 * A standby, and how it becomes a backup; the source's part is in reprotect.ts.
 *
 * A standby is an empty host that says by heartbeat that it is there. An offer makes it ask the
 * arbiter whether the source has won its generation (rule 15); then it takes the pieces of the
 * machine. It is a backup once its state is complete and its digest checked. Until then it never
 * claims, and reads the channel to its end before it takes the source for lost (rule 14): only the
 * end of the channel, a refusal or a later offer makes it an empty standby again, never a clock.
 */
import { claimForGood, newArbitration } from './arbitration.ts';
import { closeChannel, readMessage, receive, send } from './channel.ts';
import { beat, readHeartbeat, startWatch } from './heartbeat.ts';
import { newInbox, onBatch } from './inbox.ts';
import { newLocalReads } from './local-reads.ts';
import type { Handover, Message } from './messages.ts';
import { newOutputs } from './output-rule.ts';
import { type Event, type HostId, tokenOf } from './ports.ts';
import { newExecution, type Step } from './state.ts';

/** How far a joining host has come. */
export interface Joining {
  stage: 'asking' | 'copying' | 'assembling';
  /** What the source says of itself: the generation that it has won, and as whom. */
  readonly won: number;
  readonly owner: string;
  /** When the arbiter is asked again. */
  retryAtNs: number;
  nextPiece: number;
  /** The last message, once it has come. */
  handover: Handover | undefined;
}

/** The first event of a standby's life. */
export function startStandby(step: Step): void {
  step.s.channel = 'closed';
}

/** Takes one event of a standby or of a joining host. */
export function onStandbyEvent(step: Step, event: Event): void {
  const { s } = step;
  switch (event.kind) {
    case 'message':
      onMessage(step, event.from, event.bytes);
      break;
    case 'heartbeat':
      if (readHeartbeat(step, event.from, event.bytes) && event.from === s.peer) {
        s.watch.heartbeatHeardNs = s.nowNs;
      }
      break;
    case 'owner':
      onSourceKnown(step, event);
      break;
    case 'channel-lost':
      if (event.peer === s.peer) onChannelEnd(step);
      break;
    case 'assembled':
      if (s.joining?.stage === 'assembling' && event.attempt === s.generation) {
        onAssembled(step, event.digest, s.joining.handover!);
      }
      break;
    default:
      break;
  }
}

function onMessage(step: Step, from: HostId, bytes: Uint8Array): void {
  const message = readMessage(bytes);
  if (message?.kind === 'offer') {
    onOffer(step, from, message);
    return;
  }
  const { joining } = step.s;
  if (!joining || !receive(step, from, bytes)) return;
  if (message && takeMessage(step, joining, message)) return;
  closeChannel(step);
  onChannelEnd(step);
}

/** An offer counts if it is later than any before. */
function onOffer(step: Step, from: HostId, offer: Message & { kind: 'offer' }): void {
  const { config, s, out } = step;
  const { generation, machine, configuration, won, owner } = offer;
  const member = config.group.find(({ host }) => host === from);
  if (!member || generation <= s.generation) return;
  const own = config.group.find(({ host }) => host === config.host);
  const same = machine === config.machine && configuration === config.configuration;
  if (!same || member.place === own?.place) {
    send(step, { kind: 'goodbye', generation, reason: 'refused' }, from);
    return;
  }
  s.role = 'joining';
  s.peer = from;
  s.channel = 'open';
  s.generation = generation;
  s.watch.heartbeatHeardNs = s.nowNs;
  s.joining = { stage: 'asking', won, owner, retryAtNs: 0, nextPiece: 0, handover: undefined };
  out.push({ kind: 'clear' });
  // Without a test-and-set nobody has ever won, and there is nobody to ask.
  if (!config.rules.askSource || !config.rules.testAndSet) accept(step, s.joining);
}

/** The arbiter says who has won the generation that the source says it has. */
function onSourceKnown(step: Step, event: Event & { kind: 'owner' }): void {
  const { config, s } = step;
  const { joining } = s;
  if (joining?.stage !== 'asking') return;
  if (event.machine !== config.machine || event.generation !== joining.won) return;
  if (event.owner === joining.owner) {
    accept(step, joining);
    return;
  }
  send(step, { kind: 'goodbye', generation: s.generation, reason: 'refused' });
  closeChannel(step);
  becomeStandby(step);
}

function accept(step: Step, joining: Joining): void {
  joining.stage = 'copying';
  send(step, { kind: 'accept', generation: step.s.generation });
}

/** False if the channel cannot be used any more. */
function takeMessage(step: Step, joining: Joining, message: Message): boolean {
  const { s, out } = step;
  const { generation } = s;
  switch (message.kind) {
    case 'piece':
      if (joining.stage !== 'copying' || message.number !== joining.nextPiece) return false;
      joining.nextPiece++;
      out.push({ kind: 'install', bytes: message.bytes });
      send(step, { kind: 'piece-ack', generation, number: message.number });
      return true;
    case 'last':
      if (joining.stage !== 'copying') return false;
      joining.stage = 'assembling';
      joining.handover = message;
      s.inbox = { ...newInbox(), nextEntry: message.entries };
      out.push({ kind: 'assemble', attempt: generation });
      return true;
    case 'batch':
      // Entries wait until the machine is complete.
      return joining.stage === 'assembling' && onBatch(step, message);
    default:
      return false;
  }
}

/** What has come is all that will come: enough for a backup, or nothing. */
function onChannelEnd(step: Step): void {
  const { s } = step;
  s.channel = 'closed';
  s.inbox.waiting = [];
  if (s.joining?.stage !== 'assembling') becomeStandby(step);
}

function becomeStandby({ s, out }: Step): void {
  s.role = 'standby';
  s.joining = undefined;
  s.inbox = newInbox();
  out.push({ kind: 'clear' });
}

function onAssembled(step: Step, digest: string | undefined, handover: Handover): void {
  const { config, s } = step;
  if (digest !== handover.digest) {
    if (s.channel === 'open') {
      send(step, { kind: 'goodbye', generation: s.generation, reason: 'divergence' });
      closeChannel(step);
    }
    becomeStandby(step);
    return;
  }
  const { entries, outputs, count, percent, pending } = handover;
  s.execution = newExecution(count, percent);
  s.outputs = newOutputs(config, outputs, pending);
  s.inbox = { ...s.inbox, received: entries, executed: entries };
  s.reads = newLocalReads();
  becomeBackup(step);
}

/** From here on this replica is what a backup from the beginning would be. */
function becomeBackup(step: Step): void {
  const { s } = step;
  s.role = 'backup';
  s.token = tokenOf(s.generation, false);
  s.spent = s.generation;
  s.arbitration = newArbitration();
  s.fence = undefined;
  s.joining = undefined;
  startWatch(step);
  if (s.channel === 'closed') claimForGood(step);
}

/** What follows from state and time, after every event. */
export function advanceStandby(step: Step): void {
  const { config, s, out } = step;
  beat(step);
  const { joining } = s;
  if (!joining) return;
  const { failureTimeoutNs, retryNs } = config.timing;
  if (joining.stage === 'asking' && s.nowNs >= joining.retryAtNs) {
    joining.retryAtNs = s.nowNs + retryNs;
    out.push({ kind: 'who-won', machine: config.machine, generation: joining.won });
  }
  const silent = s.nowNs >= s.watch.heartbeatHeardNs + failureTimeoutNs;
  if (silent && !config.rules.completeOnly) {
    closeChannel(step);
    becomeBackup(step);
  }
}
