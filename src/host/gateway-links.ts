/**
 * The gateway's end of its links to replicas. All of them may be connected; one speaks for the
 * machine, by its token (ft/speaker.ts): what it releases leaves here, and is confirmed, and what
 * comes from outside goes to it. It is the machine's console sink too.
 *
 * Invariants:
 * - an output is confirmed after it has left, never before (protocol.md §4 rule 5)
 * - console bytes leave once, in order, whoever sends them
 */
import { VmftError } from '../base/errors.ts';
import {
  decodeGatewayMessage,
  encodeGatewayMessage,
  type GatewayInput,
  type GatewayMessage,
  type GatewayOutput,
} from '../ft/gateway-messages.ts';
import { ALL_RULES, type Token } from '../ft/ports.ts';
import { admits, newConsoleBytes, type Speaker } from '../ft/speaker.ts';

/** A connection as its link sees it. */
export interface LinkEnd {
  send(bytes: Uint8Array): void;
  /** Ends the connection when what was sent is out. */
  end(): void;
}

/** A link that has been greeted. */
export interface GatewayLink {
  readonly owner: string;
  readonly end: LinkEnd;
  /** What the replica has announced last; 0 for nothing. */
  token: Token;
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
  /** Something that people should know. */
  readonly report: (news: string) => void;
}

export class GatewayLinks {
  readonly #options: GatewayLinksOptions;
  readonly #links = new Set<GatewayLink>();
  readonly #speaker: Speaker = { owner: undefined, token: 0 };
  #speaking: GatewayLink | undefined;
  #consoleBytes: number;
  #exitStatus: number | undefined;

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
    return [...this.#links].map(({ owner }) => owner);
  }

  /** Whether the machine can be reached now. */
  get isLinked(): boolean {
    return this.#speaking !== undefined;
  }

  /** What the guest has ended with; undefined while it has not. */
  get exitStatus(): number | undefined {
    return this.#exitStatus;
  }

  /**
   * The first message of a connection → its link. VmftError 'environment' for anything but a
   * replica of this machine, which has been told why.
   */
  greet(bytes: Uint8Array, end: LinkEnd): GatewayLink {
    const hello = decodeGatewayMessage(bytes);
    if (hello.kind !== 'hello')
      throw new VmftError('environment', `expected a hello, got ${hello.kind}`);
    const { machine, owner } = hello;
    if (machine !== this.#options.machine) {
      send(end, { kind: 'refused', why: 'machine', token: this.#speaker.token });
      const expected = this.#options.machine;
      throw new VmftError('environment', `${owner}: expected machine ${expected}, got ${machine}`);
    }
    const link: GatewayLink = { owner, end, token: 0 };
    this.#links.add(link);
    send(end, { kind: 'welcome', token: this.#speaker.token });
    return link;
  }

  /** A later message of a link. MessageError for bytes that are none. */
  receive(link: GatewayLink, bytes: Uint8Array): void {
    const message = decodeGatewayMessage(bytes);
    if (message.kind === 'announce') {
      link.token = message.token;
      this.#admit(link);
    } else if (message.kind === 'output' && this.#admit(link)) {
      this.#release(message.output);
      send(link.end, { kind: 'released', ordinal: message.ordinal });
    }
  }

  /** The connection has gone. */
  leave(link: GatewayLink): void {
    this.#links.delete(link);
    if (this.#speaking === link) this.#speaking = undefined;
  }

  /** Something from outside for the guest; lost while nobody speaks for the machine. */
  offer(input: GatewayInput): void {
    if (this.#speaking) send(this.#speaking.end, { kind: 'input', input });
  }

  /** Whether the link speaks for the machine; else it is told that it does not. */
  #admit(link: GatewayLink): boolean {
    if (this.#speaking === link && link.token === this.#speaker.token) return true;
    const { report, onSpeaker } = this.#options;
    if (link.token === 0 || !admits(this.#speaker, link.owner, link.token, ALL_RULES)) {
      const { token } = this.#speaker;
      report(`refuses ${link.owner}: token ${link.token} is below ${token}`);
      send(link.end, { kind: 'refused', why: 'token', token });
      return false;
    }
    this.#speaking = link;
    report(`the machine is at ${link.owner} (token ${link.token})`);
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
        if (missing > 0) this.#options.report(`${missing} bytes of the console have been lost`);
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

function send(end: LinkEnd, message: GatewayMessage): void {
  end.send(encodeGatewayMessage(message));
}
