/**
 * The gateway's end of its links to replicas. All of them may be connected; one speaks for the
 * machine, by its token (ft/speaker.ts): what it releases leaves here, and is confirmed, and what
 * comes from outside goes to it. It is the machine's console sink too.
 *
 * Invariants:
 * - an output is confirmed after it has left, never before (protocol.md §4 rule 5): a frame with
 *   the next input, or soon, so that an answer to a client costs the replica no second waking
 * - console bytes leave once, in order, whoever sends them
 */
import {
  decodeGatewayMessage,
  encodeGatewayMessage,
  type GatewayInput,
  type GatewayMessage,
  type GatewayOutput,
} from '../ft/gateway-messages.ts';
import { MessageError } from '../ft/messages.ts';
import { ALL_RULES, generationOf, type Token } from '../ft/ports.ts';
import { admits, newConsoleBytes, type Speaker } from '../ft/speaker.ts';
import type { Log, Refuse } from './log.ts';
import type { ReplicaEnd, ReplicaServer } from './replica-listener.ts';

/** Bytes that wait for a replica, beyond which frames for it are lost. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Longest that the confirmation of a frame waits for an input that it can go with, in ms. */
const CONFIRMATION_MS = 5;

/** A connection that has been greeted. */
interface Greeted {
  readonly owner: string;
  /** What the replica has announced last; 0 for nothing. */
  token: Token;
  /** The latest output that has left and is to be confirmed. */
  left?: number;
}

/** What becomes of outputs. */
export interface GatewayLinksOptions {
  readonly machine: string;
  /** Console bytes that have left before. */
  readonly consoleBytes: number;
  readonly onFrame: (bytes: Uint8Array) => void;
  readonly onConsole: (bytes: Uint8Array) => void;
  readonly onExit: (status: number) => void;
  /** Another link speaks for the machine now, or the same one after a break. */
  readonly onSpeaker: (speaker: Speaker) => void;
  readonly log: Log;
  /** Carries out confirmations a little later; by a timer if nobody says how. */
  readonly later?: (act: () => void) => void;
}

export class GatewayLinks implements ReplicaServer {
  readonly #options: GatewayLinksOptions;
  readonly #links = new Map<ReplicaEnd, Greeted>();
  readonly #speaker: Speaker = { owner: undefined, token: 0 };
  #speaking: ReplicaEnd | undefined;
  #consoleBytes: number;
  #exitStatus: number | undefined;
  /** Something is to be confirmed. */
  #confirming = false;

  constructor(options: GatewayLinksOptions) {
    this.#options = options;
    this.#consoleBytes = options.consoleBytes;
  }

  /** Who has spoken last, with which token. */
  get speaker(): Readonly<Speaker> {
    return this.#speaker;
  }

  /** Processes that are connected. */
  get owners(): string[] {
    return [...this.#links.values()].map(({ owner }) => owner);
  }

  /** Whether the machine can be reached now. */
  get isLinked(): boolean {
    return this.#speaking !== undefined;
  }

  /** What the guest has ended with; undefined while it has not. */
  get exitStatus(): number | undefined {
    return this.#exitStatus;
  }

  /** The first message of a connection: only a replica of this machine is welcome. */
  greet(host: string, bytes: Uint8Array, end: ReplicaEnd): boolean {
    const hello = readMessage(bytes);
    const { machine } = this.#options;
    const { token } = this.#speaker;
    if (hello?.kind === 'hello' && hello.machine === machine) {
      this.#links.set(end, { owner: hello.owner, token: 0 });
      send(end, { kind: 'welcome', token });
      return true;
    }
    if (hello?.kind === 'hello') {
      this.refuse('machine', `${host}: expected machine ${machine}, got ${hello.machine}`);
      send(end, { kind: 'refused', why: 'machine', token });
    } else {
      this.refuse('malformed', `${host}: no hello of a replica`);
    }
    return false;
  }

  /** Later messages of a connection. */
  serve(host: string, frames: readonly Uint8Array[], end: ReplicaEnd): boolean {
    for (const bytes of frames) {
      const message = readMessage(bytes);
      if (message?.kind === 'announce') {
        this.#links.get(end)!.token = message.token;
        this.#admit(end);
      } else if (message?.kind === 'output') {
        if (!this.#admit(end)) continue;
        this.#release(message.output);
        this.#links.get(end)!.left = message.ordinal;
        if (message.output.kind === 'frame') this.#confirmSoon();
        else this.#confirm(end);
      } else {
        this.refuse('malformed', `${host}: bytes that are no message of a replica`);
        return false;
      }
    }
    return true;
  }

  /** The connection has gone. */
  leave(_host: string, end: ReplicaEnd): void {
    this.#links.delete(end);
    if (this.#speaking === end) this.#speaking = undefined;
  }

  /** Somebody was turned away. */
  readonly refuse: Refuse = (kind, reason) => this.#options.log.refuse(kind, reason);

  /**
   * Something from outside for the guest; lost while nobody speaks for the machine. Frames are lost
   * too while too much waits for who does, which may be paused.
   */
  offer(input: GatewayInput): void {
    const end = this.#speaking;
    if (!end || (input.kind === 'packet' && end.waitingBytes > MAX_WAITING_BYTES)) return;
    this.#confirm(end);
    send(end, { kind: 'input', input });
  }

  #confirmSoon(): void {
    if (this.#confirming) return;
    this.#confirming = true;
    const { later = (act) => void setTimeout(act, CONFIRMATION_MS) } = this.#options;
    later(() => {
      this.#confirming = false;
      for (const end of this.#links.keys()) this.#confirm(end);
    });
  }

  #confirm(end: ReplicaEnd): void {
    const link = this.#links.get(end)!;
    if (link.left !== undefined) send(end, { kind: 'released', ordinal: link.left });
    delete link.left;
  }

  /** Whether who is at `end` speaks for the machine; else it is told that it does not. */
  #admit(end: ReplicaEnd): boolean {
    const { owner, token } = this.#links.get(end)!;
    if (this.#speaking === end && token === this.#speaker.token) return true;
    const { log, onSpeaker } = this.#options;
    if (token === 0 || !admits(this.#speaker, owner, token, ALL_RULES)) {
      this.refuse('token', `${owner}: token ${token}, where ${this.#speaker.token} is known`);
      send(end, { kind: 'refused', why: 'token', token: this.#speaker.token });
      return false;
    }
    this.#speaking = end;
    log.generation = generationOf(token);
    log.info(`the machine is at ${owner} (token ${token})`);
    onSpeaker(this.#speaker);
    return true;
  }

  #release(output: GatewayOutput): void {
    switch (output.kind) {
      case 'frame':
        this.#options.onFrame(output.bytes);
        break;
      case 'console': {
        const { bytes, missing } = newConsoleBytes(this.#consoleBytes, output.offset, output.bytes);
        if (missing > 0) this.#options.log.warn(`${missing} bytes of the console have been lost`);
        this.#consoleBytes += missing + bytes.length;
        if (bytes.length > 0) this.#options.onConsole(bytes);
        break;
      }
      case 'exit':
        this.#exitStatus = output.status;
        this.#options.onExit(output.status);
        break;
    }
  }
}

function readMessage(bytes: Uint8Array): GatewayMessage | undefined {
  try {
    return decodeGatewayMessage(bytes);
  } catch (error) {
    if (error instanceof MessageError) return undefined;
    throw error;
  }
}

function send(end: ReplicaEnd, message: GatewayMessage): void {
  end.send(encodeGatewayMessage(message));
}
