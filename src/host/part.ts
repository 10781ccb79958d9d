/**
 * What every process of a machine has in common: its mark and its control socket in the machine's
 * folder, a log on standard error, and an end on request. Each survives the death of every other.
 */
import { rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { VmftError } from '../base/errors.ts';
import { type Answer, askControl, serveControl } from './control.ts';
import type { GroupConfig } from './group-config.ts';
import { serveMetrics } from './metrics.ts';
import type { Measured } from './metrics-table.ts';
import { isAlive, MARK_ENDING, readMark, writeMark } from './process-file.ts';
import { type HostPort, hostPortText } from './secure-socket.ts';

/** Names of the processes that carry no replica, and of their files. */
export const GATEWAY = 'gateway';
export const DISK = 'disk';
export const SUPERVISOR = 'supervisor';

/** How long another process may take to hear that it should end, in ms. */
const END_MS = 1000;

/** The same where it is just being born, and the time between two attempts, in ms. */
const BIRTH_MS = 3000;
const AGAIN_MS = 20;

/** What a process does when it is asked something, or told to end. */
export interface PartOptions {
  /** What `vmft status` shows of it. */
  readonly status: () => Measured;
  /** Questions of its own; undefined for one that it does not know. */
  readonly answer?: Answer;
  /** Somebody wants it to end: by a signal, or by the question `end`. */
  readonly onEnd: () => void;
}

/** File of the mark, the control socket and the log of a process. */
export const partFiles = (folder: string, name: string) => ({
  mark: join(folder, `${name}${MARK_ENDING}`),
  control: join(folder, `${name}.control`),
  log: join(folder, 'log', `${name}.log`),
});

const SERVERS = [GATEWAY, DISK, SUPERVISOR];

/** Names of all processes that a machine may have. */
export const partNames = ({ hosts }: Pick<GroupConfig, 'hosts'>): string[] => [
  ...hosts.map(({ name }) => name),
  ...SERVERS,
];

/**
 * Where a process of a machine tells its metrics, if the machine has a place for them: each has a
 * port of its own, from the first one on, in the order of {@link partNames}.
 */
export function metricsPlaceOf(
  config: Pick<GroupConfig, 'hosts' | 'firstMetrics'>,
  name: string,
): HostPort | undefined {
  const { firstMetrics: first } = config;
  return first && { host: first.host, port: first.port + partNames(config).indexOf(name) };
}

/** VmftError 'usage' where some process of a machine with so many hosts would have no port. */
export function checkFirstMetrics({ port }: HostPort, hosts: number): void {
  const more = hosts + SERVERS.length - 1;
  if (port + more <= 65535) return;
  const need = `${hosts} hosts need metrics ports up to ${port + more}`;
  throw new VmftError('usage', `${need}; begin at ${65535 - more} at most`);
}

type PartConfig = Pick<GroupConfig, 'folder' | 'machine' | 'metrics'>;

/** One process of a machine, as the others and people see it. */
export class Part {
  readonly #config: PartConfig;
  readonly #name: string;
  #control: Server | undefined;

  private constructor(config: PartConfig, name: string) {
    this.#config = config;
    this.#name = name;
  }

  /**
   * From here on this process is the one of the name, that of a host or one of the names above.
   * VmftError 'environment' where such a process runs already.
   */
  static claim(config: PartConfig, name: string): Part {
    const { folder } = config;
    const { mark } = partFiles(folder, name);
    const former = readMark(mark);
    if (former && former.pid !== process.pid && isAlive(former)) {
      throw new VmftError(
        'environment',
        `${name} of ${folder} runs already, as process ${former.pid}`,
      );
    }
    writeMark(mark, process.pid);
    return new Part(config, name);
  }

  /** Begins to answer: last, because who answers has opened everything else. */
  async serve({ status, answer, onEnd }: PartOptions): Promise<void> {
    const { folder, machine, metrics: place } = this.#config;
    const name = this.#name;
    const { control } = partFiles(folder, name);
    if (place) await serveMetrics({ place, part: name, machine, read: status });
    rmSync(control, { force: true });
    this.#control = await serveControl(control, (question) => {
      if (question.ask === 'status')
        return { pid: process.pid, ...status(), ...(place && { metrics: hostPortText(place) }) };
      if (question.ask !== 'end') return answer?.(question);
      setImmediate(onEnd);
      return { ending: true };
    });
    process.on('SIGTERM', onEnd);
    process.on('SIGINT', onEnd);
  }

  /** Takes the socket away; the mark stays, by which one sees when the process is gone. */
  end(): void {
    this.#control?.close();
  }
}

/**
 * The machine has ended: whoever else runs in its folder ends too, and first who would start the
 * others anew.
 */
export async function endOthers(config: GroupConfig, name: string): Promise<void> {
  await end(config, SUPERVISOR);
  const others = partNames(config).filter((other) => other !== name && other !== SUPERVISOR);
  await Promise.all(others.map((other) => end(config, other)));
}

/** Tells a process to end; one that does not listen yet is told again until it does. */
async function end({ folder }: GroupConfig, name: string): Promise<void> {
  const { mark: path, control } = partFiles(folder, name);
  const giveUp = performance.now() + BIRTH_MS;
  while (performance.now() < giveUp) {
    if (await askControl(control, { ask: 'end' }, END_MS)) return;
    const mark = readMark(path);
    if (!mark || !isAlive(mark)) return;
    await pause(AGAIN_MS);
  }
}
