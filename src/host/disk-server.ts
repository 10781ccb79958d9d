/**
 * The server of a machine's shared disks: carries out requests that come with a token at or above
 * the fence, in the order in which they come, and answers when they are durable.
 *
 * Invariants:
 * - the fence is compared when a request is carried out, and is durable before it is confirmed
 * - a write is durable (disk-store.ts) before it is acknowledged: neither a crash of the server nor
 *   one of the computer loses it
 * - a read gives what was written, or fails
 * - a repetition of (token, id) is answered as the first copy was, and not carried out again (rule
 *   20): a copy that lingers in a connection cannot undo what was written after it
 * - a host has one connection; a new one ends the one before
 *
 * The server performs everything before it takes the next bytes of any connection, so several
 * writes that have come together are made durable together.
 */
import { BytesError } from '../base/bytes.ts';
import { generationOf, type Token } from '../ft/ports.ts';
import type { DiskRequest } from '../machine/output.ts';
import type { DiskFence } from './disk-fence.ts';
import {
  DISK_VERSION,
  type DiskMessage,
  decodeDiskMessage,
  encodeDiskMessage,
} from './disk-messages.ts';
import type { DiskStore, DiskWrite } from './disk-store.ts';
import { reasonOf } from './files.ts';
import type { Log, RefusalKind, Refuse } from './log.ts';
import type { ReplicaEnd, ReplicaServer } from './replica-listener.ts';

/** Requests whose outcome is remembered; more than can be under way. */
const MAX_REMEMBERED = 16 * 1024;

/** What a server is made of. */
export interface DiskServerOptions {
  readonly machine: string;
  readonly fence: DiskFence;
  readonly store: DiskStore;
  readonly log: Log;
}

/** What has been served, for `vmft status`. */
export interface DiskCounts {
  reads: number;
  writes: number;
  flushes: number;
  /** Repetitions that were recognised. */
  repetitions: number;
  /** Requests below the fence. */
  stale: number;
}

/** Nothing served yet. */
const newCounts = (): DiskCounts => ({
  reads: 0,
  writes: 0,
  flushes: 0,
  repetitions: 0,
  stale: 0,
});

export class DiskServer implements ReplicaServer {
  readonly counts = newCounts();
  readonly #options: DiskServerOptions;
  readonly #clients = new Map<string, ReplicaEnd>();
  /** Outcome of writes and flushes, by token and id; the oldest first. */
  readonly #outcomes = new Map<string, Outcome>();

  constructor(options: DiskServerOptions) {
    this.#options = options;
  }

  /** Where the fence stands. */
  get fence(): Token {
    return this.#options.fence.token;
  }

  /** Hosts that are connected. */
  get hosts(): readonly string[] {
    return [...this.#clients.keys()];
  }

  /**
   * The first frame of a connection of `host`, as its key has it. False if it is refused; the end
   * has been told why.
   */
  greet(host: string, bytes: Uint8Array, end: ReplicaEnd): boolean {
    const refusal = this.#refusal(host, bytes);
    if (refusal) {
      const [kind, reason] = refusal;
      this.refuse(kind, `${host}: ${reason}`);
      end.send(encodeDiskMessage({ kind: 'refusal', reason }));
      return false;
    }
    this.#clients.get(host)?.end();
    this.#clients.set(host, end);
    const { token: fence } = this.#options.fence;
    end.send(encodeDiskMessage({ kind: 'welcome', version: DISK_VERSION, fence }));
    return true;
  }

  /** Somebody was turned away. */
  readonly refuse: Refuse = (kind, reason) => this.#options.log.refuse(kind, reason);

  /** The connection of `host` has ended. */
  leave(host: string, end: ReplicaEnd): void {
    if (this.#clients.get(host) === end) this.#clients.delete(host);
  }

  #refusal(host: string, bytes: Uint8Array): [RefusalKind, string] | undefined {
    const hello = readMessage(bytes);
    if (hello?.kind !== 'hello') return ['malformed', 'no hello of a replica'];
    const { version } = hello;
    if (version !== DISK_VERSION)
      return ['version', `expected version ${DISK_VERSION}, got ${version}`];
    const { machine } = this.#options;
    if (hello.machine !== machine)
      return ['machine', `expected machine ${machine}, got ${hello.machine}`];
    if (hello.host !== host) return ['stranger', `expected host ${host}, got ${hello.host}`];
    return undefined;
  }

  /**
   * Carries out what has come together on a connection, and answers when it is durable. False for
   * bytes that are no request: the connection cannot be used any more.
   */
  serve(host: string, frames: readonly Uint8Array[], end: ReplicaEnd): boolean {
    const batch: Batch = { writes: [], answers: [] };
    const understood = frames.every((frame) => this.#take(frame, batch));
    this.#write(batch);
    for (const answer of batch.answers) end.send(encodeDiskMessage(settled(answer)));
    if (!understood) this.refuse('malformed', `${host}: bytes that are no request`);
    return understood;
  }

  #take(frame: Uint8Array, batch: Batch): boolean {
    const message = readMessage(frame);
    if (message?.kind === 'fence') this.#raise(message.token, batch);
    else if (message?.kind === 'request') this.#perform(message, batch);
    else return false;
    return true;
  }

  #raise(token: Token, batch: Batch): void {
    const { fence, log } = this.#options;
    const isHigher = token > fence.token;
    try {
      fence.raise(token);
    } catch (error) {
      // What is not durable is not confirmed; the replica asks again.
      log.warn(`the fence cannot be raised to ${token}: ${reasonOf(error)}`);
      return;
    }
    if (isHigher) log.info(`fence at ${token}`);
    log.generation = generationOf(fence.token);
    batch.answers.push({ message: { kind: 'fenced', token: fence.token } });
  }

  #perform({ token, local, request }: DiskMessage & { kind: 'request' }, batch: Batch): void {
    const { fence } = this.#options;
    const { id, op } = request;
    if (token < fence.token) {
      this.counts.stale++;
      this.refuse('token', `${op} ${id} of token ${token}: the fence is at ${fence.token}`);
      batch.answers.push({ message: { kind: 'stale', token: fence.token } });
      return;
    }
    const done = { kind: 'done', id, local, ok: false } as const;
    if (op === 'read') {
      this.#write(batch);
      batch.answers.push({ message: { ...done, ...this.#read(request) } });
      return;
    }
    const name = `${token}:${id}`;
    const before = this.#outcomes.get(name);
    if (before) this.counts.repetitions++;
    const outcome = before ?? this.#begin(request, batch);
    this.#remember(name, outcome);
    batch.answers.push({ message: done, outcome });
  }

  #read({ disk, sector, sectors }: DiskRequest): { ok: boolean; data?: Uint8Array } {
    const { store } = this.#options;
    this.counts.reads++;
    if (!store.has(disk, { sector, sectors })) return { ok: false };
    const data = store.read(disk, { sector, sectors });
    return data ? { ok: true, data } : { ok: false };
  }

  /** A write or a flush. What is answered is durable, so that a flush has nothing to do. */
  #begin({ op, disk, sector, sectors, data }: DiskRequest, batch: Batch): Outcome {
    const { store } = this.#options;
    const exists = store.has(disk, { sector, sectors });
    if (op === 'flush') {
      this.counts.flushes++;
      return { ok: exists };
    }
    this.counts.writes++;
    const outcome = { ok: false };
    if (exists) batch.writes.push({ write: { kind: 'write', disk, sector, data: data! }, outcome });
    return outcome;
  }

  /** Carries out the writes that have been begun. */
  #write(batch: Batch): void {
    const begun = batch.writes.splice(0);
    const outcomes = this.#options.store.write(begun.map(({ write }) => write));
    for (const [i, { outcome }] of begun.entries()) outcome.ok = outcomes[i]!;
  }

  #remember(name: string, outcome: Outcome): void {
    this.#outcomes.set(name, outcome);
    if (this.#outcomes.size <= MAX_REMEMBERED) return;
    this.#outcomes.delete(this.#outcomes.keys().next().value!);
  }
}

/** Whether a write or a flush has succeeded; false until it has. */
interface Outcome {
  ok: boolean;
}

/** An answer that waits for the end of its batch; of a write or flush, what decides about it. */
interface Answer {
  readonly message: DiskMessage;
  readonly outcome?: Outcome;
}

const settled = ({ message, outcome }: Answer): DiskMessage =>
  message.kind === 'done' && outcome ? { ...message, ok: outcome.ok } : message;

/** Requests that have come together. */
interface Batch {
  /** Writes that have been begun. */
  readonly writes: { readonly write: DiskWrite; readonly outcome: Outcome }[];
  readonly answers: Answer[];
}

function readMessage(bytes: Uint8Array): DiskMessage | undefined {
  try {
    return decodeDiskMessage(bytes);
  } catch (error) {
    if (error instanceof BytesError) return undefined;
    throw error;
  }
}
