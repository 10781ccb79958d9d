/** What people do to a running machine: stop it, and hurt it. */
import { VmftError } from '../base/errors.ts';
import { askControl } from './control.ts';
import type { GroupConfig } from './group-config.ts';
import { isLive, type ReplicaStatusReport, statusOf } from './machine-status.ts';
import { DISK, GATEWAY, partFiles, partNames, SUPERVISOR } from './part.ts';
import { isAlive, isPaused, type ProcessMark, readMark } from './process-file.ts';

/** How long a process may take to end before it is killed, in ms. */
const PATIENCE_MS = 5000;

/** Time between two looks, in ms. */
const LOOK_MS = 20;

/** Waits for `ms`. */
export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Processes of the machine that are there, paused ones too. */
export function livingParts(config: GroupConfig): { name: string; mark: ProcessMark }[] {
  return partNames(config).flatMap((name) => {
    const mark = readMark(partFiles(config.folder, name).mark);
    return mark && isAlive(mark) ? [{ name, mark }] : [];
  });
}

/** Waits until the processes that are meant are gone, but not for long, nor once it is `inVain`. */
async function areGone(
  config: GroupConfig,
  names: (name: string) => boolean,
  inVain = (): boolean => false,
): Promise<boolean> {
  const living = (): boolean => livingParts(config).some(({ name }) => names(name));
  const giveUp = performance.now() + PATIENCE_MS;
  while (living()) {
    if (performance.now() > giveUp || inVain()) return false;
    await pause(LOOK_MS);
  }
  return true;
}

/** Ends the processes that are meant, by force where they do not listen. */
async function endParts(config: GroupConfig, names: (name: string) => boolean): Promise<void> {
  for (const harm of ['SIGTERM', 'SIGKILL'] as const) {
    for (const { name, mark } of livingParts(config)) if (names(name)) signal(mark, harm);
    if (await areGone(config, names)) return;
  }
}

/**
 * Ends a machine: first who would start the others anew; then it switches the guest off, so that
 * every replica knows that this is no failure, and ends whoever is left. Settles when no process is
 * left.
 */
export async function stopMachine(config: GroupConfig): Promise<void> {
  const { folder } = config;
  const isReplica = (name: string): boolean => config.hosts.some((host) => host.name === name);
  // The outputs of a guest must arrive before it is off; nobody starts a server anew any more.
  const isServed = (): boolean => !serversOf(config).some((name) => hasDied(config, name));
  for (const { mark } of livingParts(config)) if (isPaused(mark)) signal(mark, 'SIGCONT');
  await endParts(config, (name) => name === SUPERVISOR);
  const live = (await statusOf(config)).replicas.find(isLive);
  if (live && isServed()) {
    await askControl(partFiles(folder, live.name).control, { ask: 'power-off' }, PATIENCE_MS);
    await areGone(config, isReplica, () => !isServed());
  }
  await endParts(config, () => true);
}

const serversOf = ({ disks }: GroupConfig): string[] =>
  disks.length > 0 ? [GATEWAY, DISK] : [GATEWAY];

function hasDied({ folder }: GroupConfig, name: string): boolean {
  const mark = readMark(partFiles(folder, name).mark);
  return mark !== undefined && !isAlive(mark);
}

function signal(mark: ProcessMark, name: NodeJS.Signals): void {
  try {
    if (isAlive(mark)) process.kill(mark.pid, name);
  } catch (error) {
    // It has ended in between.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** What can be hurt. */
export const VICTIMS = [
  // Processes.
  'primary',
  'backup',
  'standby',
  'gateway',
  'disk',
  'supervisor',
  // Links.
  'link',
  'gateway-link',
] as const;
export type Victim = (typeof VICTIMS)[number];

type Process = Exclude<Victim, 'link' | 'gateway-link'>;

/** Victims that are processes by name, not by what a replica is just now. */
const NAMED: readonly Victim[] = [GATEWAY, DISK, SUPERVISOR];

/** How: for good, or until it is resumed. */
export type Harm = 'kill' | 'pause' | 'resume';

/**
 * Kills, pauses or resumes a process of the machine, or breaks, cuts or mends the link between its
 * replicas, or that of the live one to the gateway. Returns what was done, in words; VmftError
 * 'environment' where there is no such victim.
 */
export async function hurt(config: GroupConfig, victim: Victim, harm: Harm): Promise<string> {
  if (victim === 'link' || victim === 'gateway-link') return hurtLink(config, victim, harm);
  if (harm === 'resume') return resume(config, victim);
  const name = await findVictim(config, victim);
  const mark = readMark(partFiles(config.folder, name).mark);
  if (!mark) throw new VmftError('environment', `${config.folder}: ${name} has just ended`);
  signal(mark, harm === 'kill' ? 'SIGKILL' : 'SIGSTOP');
  const kind = victim === name ? '' : ` (${victim})`;
  return `${name}${kind}, process ${mark.pid}: ${harm === 'kill' ? 'killed' : 'paused'}`;
}

async function findVictim(config: GroupConfig, victim: Process): Promise<string> {
  if (NAMED.includes(victim)) {
    const there = livingParts(config).some(({ name }) => name === victim);
    if (there) return victim;
    throw new VmftError('environment', `${config.folder}: no ${victim} is running`);
  }
  const { replicas } = await statusOf(config);
  const isVictim = (replica: ReplicaStatusReport): boolean =>
    victim === 'primary' ? isLive(replica) : replica.role === victim;
  const found = replicas.find(isVictim);
  if (found) return found.name;
  const roles = replicas.map(({ name, role }) => `${name} is ${role}`).join(', ');
  throw new VmftError('environment', `${config.folder}: there is no ${victim} now; ${roles}`);
}

/** A paused process cannot tell its role: all paused replicas go on. */
function resume(config: GroupConfig, victim: Victim): string {
  const isOne = (name: string): boolean =>
    NAMED.includes(victim) ? name === victim : config.hosts.some((host) => host.name === name);
  const paused = livingParts(config).filter(({ name, mark }) => isOne(name) && isPaused(mark));
  for (const { mark } of paused) signal(mark, 'SIGCONT');
  if (paused.length > 0) return `${paused.map(({ name }) => name).join(', ')}: resumed`;
  throw new VmftError('environment', `${config.folder}: no such process is paused`);
}

async function hurtLink(config: GroupConfig, link: Victim, harm: Harm): Promise<string> {
  const verb = { kill: 'break', pause: 'cut', resume: 'mend' }[harm];
  const ask = link === 'link' ? verb : `${verb}-${link}`;
  const live = (await statusOf(config)).replicas.filter((r) => harm === 'resume' || isLive(r));
  const asked = live.filter(({ state }) => state === 'running');
  if (asked.length === 0) {
    throw new VmftError('environment', `${config.folder}: no replica is there to have a link`);
  }
  await Promise.all(
    asked.map(({ name }) =>
      askControl(partFiles(config.folder, name).control, { ask }, PATIENCE_MS),
    ),
  );
  const done = { kill: 'broken once', pause: 'cut', resume: 'mended' }[harm];
  return `the ${link} of ${asked.map(({ name }) => name).join(', ')}: ${done}`;
}
