/**
 * A TAP interface of Linux as the guest's way to a LAN: stays attached to it by a relay
 * (tap-relay.ts), and attaches anew where the relay dies or the interface goes and comes back. In
 * between frames are lost, as while a cable is unplugged.
 */
import type { VmftError } from '../base/errors.ts';
import { TapRelay } from './tap-relay.ts';

/** Time between two attempts to attach anew, in ms. */
const AGAIN_MS = 1000;

/** Which interface, and what becomes of what it sends. */
export interface TapOptions {
  readonly name: string;
  readonly onFrame: (frame: Uint8Array) => void;
  /** A frame that is sent whenever it is attached. */
  readonly greeting: Uint8Array;
  readonly info: (message: string) => void;
  readonly warn: (message: string) => void;
}

export class Tap {
  readonly #options: TapOptions;
  #relay: TapRelay | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor(options: TapOptions) {
    this.#options = options;
  }

  /** Settles when it is attached; VmftError 'environment' where that cannot be. */
  static async attach(options: TapOptions): Promise<Tap> {
    const tap = new Tap(options);
    await tap.#attach();
    return tap;
  }

  /** Whether frames go to the interface and come from it now. */
  get isAttached(): boolean {
    return this.#relay !== undefined;
  }

  /** A frame for the interface → whether it left. */
  send(frame: Uint8Array): boolean {
    return this.#relay?.send(frame) ?? false;
  }

  /** Leaves the interface alone. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#relay?.close();
    this.#relay = undefined;
  }

  async #attach(): Promise<void> {
    const { name, onFrame, greeting } = this.#options;
    const relay = await TapRelay.start({ name, onFrame, onEnd: (why) => this.#onEnd(why) });
    if (this.#isClosed) {
      relay.close();
      return;
    }
    this.#relay = relay;
    relay.send(greeting);
  }

  #onEnd(why: VmftError): void {
    if (this.#isClosed) return;
    this.#relay = undefined;
    this.#options.warn(why.message);
    this.#attachLater();
  }

  #attachLater(): void {
    const { name, info } = this.#options;
    this.#timer = setTimeout(() => {
      this.#attach().then(
        () => info(`TAP interface ${name}: attached again`),
        // It has been told once why, and nothing has changed.
        () => this.#isClosed || this.#attachLater(),
      );
    }, AGAIN_MS);
  }
}
