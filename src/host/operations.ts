/**
 * What people ask of a protected machine without hurting it (ft/control.ts): a planned switch-over,
 * a limit on its share of the CPU, a snapshot. All go through the log, so that the backup does the
 * same.
 */
import { VmftError } from '../base/errors.ts';
import { askControl, type Question } from './control.ts';
import type { GroupConfig } from './group-config.ts';
import { pause } from './machine-control.ts';
import { isLive, type ReplicaStatusReport, statusOf } from './machine-status.ts';
import { partFiles } from './part.ts';

/** How long a process may take to answer, in ms. */
const PATIENCE_MS = 10_000;

/** Time between two looks, in ms. */
const LOOK_MS = 20;

/**
 * Has the backup take over, with nothing to detect; says who has, in words. VmftError 'environment'
 * where there is no backup, or nobody takes over.
 */
export async function switchOver(config: GroupConfig): Promise<string> {
  const { folder, failureTimeoutMs } = config;
  const { name, generation } = await findLive(config);
  const { replicas } = await statusOf(config);
  if (!replicas.some((replica) => replica.name === name && replica.protected)) {
    const remedy = 'wait until a standby has become its backup, or start one';
    throw new VmftError('environment', `${folder}: ${name} has no backup; ${remedy}`);
  }
  await ask(config, name, { ask: 'switch-over' });
  // The old primary claims too if the backup has not taken over in time.
  const giveUp = performance.now() + PATIENCE_MS + 2 * failureTimeoutMs;
  while (performance.now() < giveUp) {
    const heir = (await statusOf(config)).replicas.find(isLive);
    if (heir && heir.name !== name) return `${name} has handed over to ${heir.name}`;
    if (heir && heir.generation !== generation) break;
    await pause(LOOK_MS);
  }
  throw new VmftError('environment', `${folder}: ${name} goes on: nobody has taken over`);
}

/** Lets the guest use at most so many percent of the CPU, 1 to 100, until it is told otherwise. */
export async function throttle(config: GroupConfig, percent: number): Promise<string> {
  const { name } = await findLive(config);
  await ask(config, name, { ask: 'throttle', percent });
  return `the guest may use ${percent} % of the CPU of ${name}, and of who goes on after it`;
}

/**
 * Writes the machine as it is to the file at `path`, while the guest goes on. VmftError
 * 'environment' where that cannot be, or where the machine has disks.
 */
export async function takeSnapshot(config: GroupConfig, path: string): Promise<string> {
  const { folder, disks } = config;
  if (disks.length > 0) {
    const why = 'its shared disks go on, and would not fit a machine of the past';
    throw new VmftError('environment', `${folder}: a machine with disks has no snapshots: ${why}`);
  }
  const { name } = await findLive(config);
  const answer = await ask(config, name, { ask: 'snapshot', path });
  const { instructions, bytes } = answer as { instructions: number; bytes: number };
  return `${path}: the machine at instruction ${instructions}, ${bytes} bytes`;
}

async function findLive(config: GroupConfig): Promise<ReplicaStatusReport> {
  const live = (await statusOf(config)).replicas.find(isLive);
  if (live) return live;
  throw new VmftError('environment', `${config.folder}: no replica is live now`);
}

async function ask({ folder }: GroupConfig, name: string, question: Question): Promise<object> {
  const answer = await askControl(partFiles(folder, name).control, question, PATIENCE_MS);
  if (answer && 'error' in answer) throw new VmftError('environment', String(answer.error));
  if (answer) return answer;
  throw new VmftError('environment', `${folder}: ${name} has not taken it; it may just have ended`);
}
