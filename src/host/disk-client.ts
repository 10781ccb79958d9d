/**
 * A replica's way to the disk server. A request whose answer has not come is sent again, under the
 * same token and id, on every new connection; the server recognises what it has done already (rule
 * 20). A fence, or a backup's own read, that is lost is asked for again by the replica.
 */

import { BytesError } from '../base/bytes.ts';
import type { HostEvent, HostId, Token } from '../ft/ports.ts';
import type { DiskRequest } from '../machine/output.ts';
import {
  DISK_VERSION,
  type DiskMessage,
  decodeDiskMessage,
  encodeDiskMessage,
  MAX_DISK_MESSAGE_BYTES,
} from './disk-messages.ts';

import { Link } from './link.ts';
import type { Address } from './secure-socket.ts';

/** What a client is made of. */
export interface DiskClientOptions {
  readonly address: Address;
  readonly key: Uint8Array;
  readonly machine: string;
  readonly host: HostId;
  /** `input`, `read`, `fenced` and `refused` come from here. */
  readonly onEvent: (event: HostEvent) => void;
  readonly report: (news: string) => void;
}

export class DiskClient {
  readonly #link: Link;
  readonly #options: DiskClientOptions;
  /** Requests of the guest that have no answer, by id, in the order in which they were made. */
  readonly #unanswered = new Map<number, DiskMessage & { kind: 'request' }>();

  constructor(options: DiskClientOptions) {
    this.#options = options;
    const { address, key, machine, host, report } = options;
    this.#link = new Link({
      address,
      key,
      identity: host,
      greeting: encodeDiskMessage({ kind: 'hello', version: DISK_VERSION, machine, host }),
      maxBytes: MAX_DISK_MESSAGE_BYTES,
      onWelcome: (bytes) => this.#onWelcome(bytes),
      onUp: () => {
        for (const message of this.#unanswered.values()) this.#send(message);
      },
      onFrame: (bytes) => this.#onFrame(bytes),
      onDown: (reason) => report(`disk server ${reason}`),
    });
  }

  /** Whether the server answers. */
  get isUp(): boolean {
    return this.#link.isUp;
  }

  /** The effect `release` of a disk request. */
  request(token: Token, request: DiskRequest): void {
    const message = { kind: 'request', token, local: false, request } as const;
    this.#unanswered.set(request.id, message);
    this.#send(message);
  }

  /** The effect `read`. */
  read(token: Token, request: DiskRequest): void {
    this.#send({ kind: 'request', token, local: true, request });
  }

  /** The effect `fence`. */
  fence(token: Token): void {
    this.#send({ kind: 'fence', token });
  }

  close(): void {
    this.#link.close();
  }

  #send(message: DiskMessage): void {
    this.#link.send(encodeDiskMessage(message));
  }

  #onWelcome(bytes: Uint8Array): boolean {
    const message = this.#read(bytes);
    if (message?.kind === 'welcome' && message.version === DISK_VERSION) return true;
    const reason = message?.kind === 'refusal' ? message.reason : 'another version of vmft';
    this.#options.report(`disk server: refused: ${reason}`);
    return false;
  }

  #onFrame(bytes: Uint8Array): void {
    const { onEvent } = this.#options;
    const message = this.#read(bytes);
    switch (message?.kind) {
      case 'fenced':
        onEvent({ kind: 'fenced', token: message.token });
        break;
      case 'stale':
        onEvent({ kind: 'refused', token: message.token });
        break;
      case 'done':
        this.#onDone(message);
        break;
      default:
        this.#options.report('disk server: an answer that is none');
        break;
    }
  }

  #onDone({ id, ok, local, data }: DiskMessage & { kind: 'done' }): void {
    const completion = { kind: 'disk', id, ok, ...(data ? { data } : {}) } as const;
    if (local) {
      this.#options.onEvent({ kind: 'read', completion });
    } else if (this.#unanswered.delete(id)) {
      this.#options.onEvent({ kind: 'input', input: completion });
    }
  }

  #read(bytes: Uint8Array): DiskMessage | undefined {
    try {
      return decodeDiskMessage(bytes);
    } catch (error) {
      if (error instanceof BytesError) return undefined;
      throw error;
    }
  }
}
