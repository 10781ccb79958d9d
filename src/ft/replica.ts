/**
 * One member of a replicated machine as a pure transition function: `step(event) → effects`. It
 * performs nothing and reads no clock; time comes in events. protocol.md §4 is its specification.
 */
import { assert } from '../base/assert.ts';
import { clonePlain, type Plain } from '../machine/plain.ts';
import { advanceAlone, onAloneEvent, startAlone } from './alone.ts';
import { advanceBackup, onBackupEvent, startBackup } from './backup.ts';
import type { ReplicaConfig } from './config.ts';
import { failureAtNs } from './heartbeat.ts';
import { advanceStandby, onStandbyEvent, startStandby } from './joining.ts';
import type { Effect, Event, Replica, Start } from './ports.ts';
import { advancePrimary, onPrimaryEvent, startPrimary } from './primary.ts';
import { handoverByNs } from './reprotect.ts';
import { newState, type ReplicaState, type Step } from './state.ts';

/** A replica before its first event, which must be a `wake`. */
export function createReplica(config: ReplicaConfig, start: Start): Replica<ReplicaState> {
  let s = newState(start, config);
  return {
    get role() {
      return s.role;
    },
    step(event: Event): Effect[] {
      if (s.role === 'halted') return [];
      assert(event.nowNs >= s.nowNs, () => `time went back from ${s.nowNs} to ${event.nowNs} ns`);
      s.nowNs = event.nowNs;
      const step: Step = { config, s, out: [] };
      if (s.channel === 'unopened') START[start.role](step);
      takeEvent(step, event);
      advance(step);
      setAlarm(step);
      return step.out;
    },
    state: () => copyOf(s),
    restore(state: ReplicaState): void {
      s = copyOf(state);
    },
  };
}

/** A copy that shares nothing but byte arrays, which are never written to. */
const copyOf = (state: ReplicaState): ReplicaState =>
  clonePlain(state as unknown as Plain) as unknown as ReplicaState;

const START = {
  primary: startPrimary,
  backup: startBackup,
  alone: startAlone,
  standby: startStandby,
};

function takeEvent(step: Step, event: Event): void {
  switch (step.s.role) {
    case 'primary':
      onPrimaryEvent(step, event);
      break;
    case 'backup':
      onBackupEvent(step, event);
      break;
    case 'alone':
      onAloneEvent(step, event);
      break;
    case 'standby':
    case 'joining':
      onStandbyEvent(step, event);
      break;
    case 'halted':
  }
}

function advance(step: Step): void {
  switch (step.s.role) {
    case 'primary':
      advancePrimary(step);
      break;
    case 'backup':
      advanceBackup(step);
      break;
    case 'alone':
      advanceAlone(step);
      break;
    case 'standby':
    case 'joining':
      advanceStandby(step);
      break;
    case 'halted':
  }
}

/** Asks to be woken when the next thing falls due. */
function setAlarm(step: Step): void {
  const { s, out } = step;
  if (s.role === 'halted') return;
  const atNs = nextDueNs(step);
  if (atNs === s.alarmNs && atNs > s.nowNs) return;
  s.alarmNs = atNs;
  out.push({ kind: 'wake-at', atNs });
}

function nextDueNs(step: Step): number {
  const { config, s } = step;
  let due = s.watch.nextHeartbeatNs;
  const consider = (atNs: number): void => {
    if (atNs < due) due = atNs;
  };
  /** For what has been put off: what is due already waits for something else than time. */
  const considerLater = (atNs: number): void => {
    if (atNs > s.nowNs) consider(atNs);
  };
  const { stage, retryAtNs } = s.arbitration;
  const isMember = (s.role === 'primary' || s.role === 'backup') && !s.leaving;
  if (s.joining?.stage === 'asking') consider(s.joining.retryAtNs);
  const toldNs = s.execution.ended === 'switch-over' && stage !== 'idle' ? undefined : s.farewellNs;
  if (toldNs !== undefined) consider(toldNs + config.timing.failureTimeoutNs);
  else if (isMember && (stage === 'idle' || stage === 'withdrawn')) consider(failureAtNs(step));
  if (stage === 'asking' || stage === 'withdrawn') consider(retryAtNs);
  if (s.role === 'primary' && s.channel === 'open' && s.window.unsent.length > 0) {
    consider(s.window.flushAtNs);
  }
  if (s.role === 'primary' || s.role === 'alone') considerLater(s.execution.restUntilNs);
  consider(handoverByNs(step));
  for (const { retryAtNs: atNs } of s.reads.asked) consider(atNs);
  for (const { askAtNs } of s.mirror) if (askAtNs !== undefined) considerLater(askAtNs);
  if (s.fence && s.fence !== 'confirmed') consider(s.fence.retryAtNs);
  return Math.max(due, s.nowNs);
}
