/**
 * A replica's end of its link to the gateway: sends the outputs that the core has released, and
 * hands over what the gateway confirms and brings. The connection may break and be made again
 * (whoever does that calls `onUp`); what has not been confirmed by then is sent again, in order.
 *
 * Frames that wait for a gateway which takes none are not kept without limit: the oldest is lost,
 * as it may be on any wire, and counts as arrived. Console bytes and the exit are kept.
 *
 * Invariant: `unconfirmed` is in the order of ordinals, which is the order on the link.
 */
import {
  decodeGatewayMessage,
  encodeGatewayMessage,
  type GatewayInput,
  type GatewayMessage,
  type GatewayOutput,
} from '../ft/gateway-messages.ts';
import type { Token } from '../ft/ports.ts';

/** Frames that wait for their confirmation; the oldest is lost for one more. */
export const MAX_UNCONFIRMED_FRAMES = 4096;

/** What a client does. */
export interface GatewayClientOptions {
  readonly machine: string;
  /** Names this process, and no other: a restarted one has another name. */
  readonly owner: string;
  /** Puts a message on the link, if it is up; else the message is lost. */
  readonly send: (bytes: Uint8Array) => void;
  /** The output has arrived: the core's event `released`. */
  readonly onReleased: (ordinal: number) => void;
  /** The gateway knows `token`, which is higher than ours: the core's event `refused`. */
  readonly onRefused: (token: Token) => void;
  /** Something for the guest: the core's event `input`. */
  readonly onInput: (input: GatewayInput) => void;
}

/** An output on its way. */
interface Unconfirmed {
  readonly ordinal: number;
  readonly output: GatewayOutput;
}

export class GatewayClient {
  readonly #options: GatewayClientOptions;
  /** What this replica speaks with; 0 while it does not. */
  #token: Token = 0;
  #unconfirmed: Unconfirmed[] = [];
  #frames = 0;

  constructor(options: GatewayClientOptions) {
    this.#options = options;
  }

  /** The first message of every connection. */
  get greeting(): Uint8Array {
    const { machine, owner } = this.#options;
    return encodeGatewayMessage({ kind: 'hello', machine, owner });
  }

  /** Outputs that have been released and have not been confirmed. */
  get unconfirmed(): number {
    return this.#unconfirmed.length;
  }

  /**
   * The gateway's answer to the greeting, as the first message of the connection. False if it is no
   * welcome. MessageError for bytes that are no message.
   */
  isWelcome(bytes: Uint8Array): boolean {
    return decodeGatewayMessage(bytes).kind === 'welcome';
  }

  /** The gateway has answered on a new connection: everything that may be lost goes again. */
  onUp(): void {
    if (this.#token === 0) return;
    this.#send({ kind: 'announce', token: this.#token });
    for (const { ordinal, output } of this.#unconfirmed)
      this.#send({ kind: 'output', ordinal, output });
  }

  /** This replica speaks for the machine with `token` from now on. Lower ones are ignored. */
  announce(token: Token): void {
    if (token <= this.#token) return;
    this.#token = token;
    this.#send({ kind: 'announce', token });
  }

  /** Lets an output leave: the core's effect `release`. */
  release(token: Token, ordinal: number, output: GatewayOutput): void {
    this.announce(token);
    this.#unconfirmed.push({ ordinal, output });
    this.#send({ kind: 'output', ordinal, output });
    if (output.kind === 'frame' && ++this.#frames > MAX_UNCONFIRMED_FRAMES) {
      const oldest = this.#unconfirmed.find((each) => each.output.kind === 'frame')!;
      this.#confirm(oldest);
    }
  }

  /** A later message of the gateway. MessageError for bytes that are none. */
  receive(bytes: Uint8Array): void {
    const message = decodeGatewayMessage(bytes);
    if (message.kind === 'released') this.#confirmUpTo(message.ordinal);
    else if (message.kind === 'refused') this.#options.onRefused(message.token);
    else if (message.kind === 'input') this.#options.onInput(message.input);
  }

  #confirmUpTo(ordinal: number): void {
    for (let [oldest] = this.#unconfirmed; oldest && oldest.ordinal <= ordinal; ) {
      this.#confirm(oldest);
      [oldest] = this.#unconfirmed;
    }
  }

  #confirm(output: Unconfirmed): void {
    this.#unconfirmed.splice(this.#unconfirmed.indexOf(output), 1);
    if (output.output.kind === 'frame') this.#frames--;
    this.#options.onReleased(output.ordinal);
  }

  #send(message: GatewayMessage): void {
    this.#options.send(encodeGatewayMessage(message));
  }
}
