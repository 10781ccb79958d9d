/**
 * The client's end of a connection that is to last: it is made again whenever it breaks, until
 * somebody closes it. What was under way when it broke may be lost or not; to send it again is the
 * business of the protocol above, which hears of every new connection.
 *
 * A connection is up once the server has answered the greeting.
 */
import type { TLSSocket } from 'node:tls';
import { VmftError } from '../base/errors.ts';
import { reasonOf } from './files.ts';
import { FrameReader, writeFrame } from './framing.ts';
import { type Address, addressText, connectSecure } from './secure-socket.ts';

/** Time between two attempts to connect, in ms: it doubles from the first to the second. */
const RETRY_MS = [20, 500] as const;

/** What a link carries, and for whom. */
export interface LinkOptions {
  readonly address: Address;
  readonly key: Uint8Array;
  /** What this process calls itself. */
  readonly identity: string;
  /** Longest frame that the server sends, in bytes. */
  readonly maxBytes: number;
  /** The first frame on a connection. */
  readonly greeting: Uint8Array;
  /** The server's first frame. False refuses the connection, which is tried again. */
  readonly onWelcome: (bytes: Uint8Array) => boolean;
  /** The connection is up: whatever has no answer yet is to be sent again. */
  readonly onUp: () => void;
  /** Every later frame. */
  readonly onFrame: (bytes: Uint8Array) => void;
  /** The connection has gone, or could not be made; told once until one is up again. */
  readonly onDown: (reason: string) => void;
}

export class Link {
  readonly #options: LinkOptions;
  #socket: TLSSocket | undefined;
  #up = false;
  #closed = false;
  #cut = false;
  #told = false;
  #retryMs: number = RETRY_MS[0];
  #retry: NodeJS.Timeout | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#connect();
  }

  /** Whether the server has answered on the present connection. */
  get isUp(): boolean {
    return this.#up;
  }

  /** Sends a frame if the connection is up; says whether it is. */
  send(bytes: Uint8Array): boolean {
    if (this.#up) writeFrame(this.#socket!, bytes);
    return this.#up;
  }

  /** Ends the connection once what was sent is out; no other is made. */
  close(): void {
    this.#closed = true;
    this.#up = false;
    clearTimeout(this.#retry);
    this.#socket?.end();
  }

  /** Breaks the connection, as a failing switch would; another one is made. */
  break(): void {
    this.#socket?.destroy();
  }

  /** Cuts the link, or mends it: meanwhile there is no connection. */
  set isCut(cut: boolean) {
    this.#cut = cut;
    if (cut) this.break();
  }

  #connect(): void {
    if (this.#cut) {
      this.#tryLater();
      return;
    }
    const { address, key, identity, greeting, maxBytes } = this.#options;
    const socket = connectSecure(address, key, identity);
    this.#socket = socket;
    let reason = 'it was closed at the other end';
    socket.on('error', (error) => {
      reason = reasonOf(error);
    });
    socket.once('secureConnect', () => writeFrame(socket, greeting));
    const reader = new FrameReader(maxBytes);
    socket.on('data', (bytes: Buffer) => {
      try {
        for (const frame of reader.push(bytes)) this.#take(frame);
      } catch (error) {
        if (!(error instanceof VmftError)) throw error;
        reason = error.message;
        socket.destroy();
      }
    });
    socket.once('close', () => this.#onClose(reason));
  }

  #take(frame: Uint8Array): void {
    if (this.#closed) return;
    if (this.#up) {
      this.#options.onFrame(frame);
      return;
    }
    if (!this.#options.onWelcome(frame)) {
      this.#socket!.destroy();
      return;
    }
    this.#up = true;
    this.#told = false;
    this.#retryMs = RETRY_MS[0];
    this.#options.onUp();
  }

  #onClose(reason: string): void {
    this.#up = false;
    if (this.#closed) return;
    if (!this.#told) this.#options.onDown(`${addressText(this.#options.address)}: ${reason}`);
    this.#told = true;
    this.#tryLater();
  }

  #tryLater(): void {
    this.#retry = setTimeout(() => this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS[1]);
  }
}
