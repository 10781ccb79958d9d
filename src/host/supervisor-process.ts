/**
 * The process that starts others anew: it looks at the processes of a machine on this computer, and
 * whoever is dead while some replica has the guest is started, a host as an empty standby, the
 * others as they were. It decides nothing else, so a machine goes on without it. It ends before
 * everybody else when the machine ends, and when no replica is left.
 */
import { VmftError } from '../base/errors.ts';
import { type Launch, restart } from './launcher.ts';
import type { Log } from './log.ts';
import { pause } from './machine-control.ts';
import { readEnd } from './machine-folder.ts';
import {
  isLive,
  type MachineStatus,
  type PartStatus,
  type ReplicaStatusReport,
  statusOf,
  workersOf,
} from './machine-status.ts';
import { Part, SUPERVISOR } from './part.ts';
import { Revival } from './revival.ts';

/** Time between two looks at the machine, in ms. */
const LOOK_MS = 250;

/** Looks after a machine until that has ended, or this process is told to end. */
export async function runSupervisor(machine: Launch, log: Log): Promise<void> {
  const { config } = machine;
  const supervisor = new Supervisor(machine, log);
  const end = (): void => {
    part.end();
    log.info('ends');
    process.exit();
  };
  const part = Part.claim(config, SUPERVISOR);
  await part.serve({ status: () => supervisor.status, onEnd: end });
  log.info('starts anew who dies');
  for (;;) {
    const status = await statusOf(config);
    if (readEnd(config.folder)) end();
    if (status.replicas.every(({ state }) => state === 'dead')) {
      log.warn('all replicas have died, and the guest with them');
      end();
    }
    supervisor.look(status);
    await pause(LOOK_MS);
  }
}

class Supervisor {
  readonly #machine: Launch;
  readonly #log: Log;
  readonly #revivals = new Map<string, Revival>();
  #restarts = 0;

  constructor(machine: Launch, log: Log) {
    this.#machine = machine;
    this.#log = log;
  }

  /** What it has done, and who dies at birth. */
  get status() {
    const failing = [...this.#revivals].filter(([, { deathsAtBirth }]) => deathsAtBirth > 0);
    return { restarts: this.#restarts, failing: failing.map(([name]) => name) };
  }

  /** Starts who has died, if it is time. */
  look(status: MachineStatus): void {
    this.#log.generation = status.generation;
    // A backup that takes over may wait for a server that has died with its primary.
    const hasGuest = status.replicas.some(isAtWork);
    for (const part of workersOf(status)) {
      if (part.state !== 'dead') this.#revivalOf(part).lives(isAtWork(part), performance.now());
      else if (hasGuest) this.#revive(part);
    }
  }

  #revivalOf({ name }: PartStatus): Revival {
    const revival = this.#revivals.get(name) ?? new Revival();
    this.#revivals.set(name, revival);
    return revival;
  }

  #revive(part: PartStatus): void {
    const { name } = part;
    const revival = this.#revivalOf(part);
    const { isNews, pauseMs } = revival.isDead(performance.now());
    const { deathsAtBirth: deaths } = revival;
    if (isNews && deaths === 0) this.#log.warn(`${name} has died; starts it anew`);
    if (isNews && deaths > 0) {
      const cause = `${name} has died at its birth, ${deaths} in a row`;
      this.#log.warn(`${cause}; starts it anew in ${pauseMs} ms, see its log`);
    }
    if (pauseMs > 0) return;
    revival.isBorn(performance.now());
    this.#restarts++;
    try {
      restart(this.#machine, name);
    } catch (error) {
      if (!(error instanceof VmftError)) throw error;
      this.#log.warn(`${name} cannot be started: ${error.message}`);
    }
  }
}

/** Whether a process is of use: a replica with the guest, a server that answers. */
const isAtWork = (part: PartStatus | ReplicaStatusReport): boolean =>
  'role' in part ? isLive(part) || part.role === 'backup' : part.isReady === true;
