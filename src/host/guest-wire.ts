/**
 * What a guest's wire leads to: published ports, by the user-mode gateway on it; a LAN, by a TAP
 * interface; or both (net/lan-filter.ts says what crosses then). All of it can be captured.
 *
 *   guest ──┬── publisher ── sockets of clients
 *           └── filter ── TAP interface ── LAN
 */
import { readFileSync } from 'node:fs';
import { VmftError } from '../base/errors.ts';
import { GUEST_MAC } from '../net/address.ts';
import { announcement } from '../net/announcement.ts';
import { GATEWAY_DEFAULTS } from '../net/gateway.ts';
import { type GuestSide, isForGuest, isForLan } from '../net/lan-filter.ts';
import { describePublished, describeTap, type PublishSpec } from './listen.ts';
import type { PcapFile } from './pcap-file.ts';
import { Publisher, type PublisherStatus } from './publisher.ts';
import { Tap } from './tap.ts';

/** Where the guest is, for the switches of a LAN. */
const ANNOUNCEMENT = announcement(GUEST_MAC);

/** What a wire leads to. */
export interface GuestWireOptions {
  readonly publish: readonly PublishSpec[];
  /** Name of the TAP interface, if there is one. */
  readonly tap: string | undefined;
  /** Keeps every frame on the wire; its end is its owner's business. */
  readonly capture: PcapFile | undefined;
  /** Takes a frame for the guest, or loses it. */
  readonly deliver: (frame: Uint8Array) => void;
  readonly info: (message: string) => void;
  readonly warn: (message: string) => void;
}

/** What goes over a TAP interface. */
export interface TapStatus {
  readonly name: string;
  readonly attached: boolean;
  /** Frames to the guest and from it. */
  readonly framesIn: number;
  readonly framesOut: number;
  /** Frames of the LAN that were not for the guest. */
  readonly framesIgnored: number;
}

/** What goes over a wire, for `vmft status`. */
export interface GuestWireStatus extends PublisherStatus {
  /** Frames to the guest and from it, of both ways. */
  readonly framesIn: number;
  readonly framesOut: number;
  readonly tap?: TapStatus;
}

export class GuestWire {
  readonly #options: GuestWireOptions;
  readonly #publisher = new Publisher({ deliver: (frame) => this.#deliver(frame) });
  readonly #side: GuestSide;
  #tap: Tap | undefined;
  #frames = { in: 0, out: 0 };
  #tapFrames = { in: 0, out: 0, ignored: 0 };

  private constructor(options: GuestWireOptions) {
    this.#options = options;
    const { mac, ip } = GATEWAY_DEFAULTS;
    const gateway = { mac, ip };
    this.#side = { guest: GUEST_MAC, ...(options.publish.length > 0 && { gateway }) };
  }

  /** Opens all ways; VmftError 'environment', and nothing left open, where one cannot be. */
  static async open(options: GuestWireOptions): Promise<GuestWire> {
    const wire = new GuestWire(options);
    try {
      await wire.#open();
      return wire;
    } catch (error) {
      wire.close();
      throw error;
    }
  }

  async #open(): Promise<void> {
    const { publish, tap, info } = this.#options;
    if (tap !== undefined) {
      await this.#attach(tap);
      info(describeTap(tap));
    }
    for (const spec of publish) {
      await this.#publisher.publish(spec);
      info(describePublished(spec));
    }
  }

  async #attach(name: string): Promise<void> {
    const { info, warn } = this.#options;
    const onFrame = (frame: Uint8Array) => this.#fromLan(frame);
    this.#tap = await Tap.attach({ name, onFrame, greeting: ANNOUNCEMENT, info, warn });
    if (this.#side.gateway) refuseTwin(name, this.#side.gateway.ip);
  }

  /** A frame that the guest has sent. */
  receive(frame: Uint8Array): void {
    this.#frames.out++;
    this.#options.capture?.add(frame);
    if (this.#tap && isForLan(frame, this.#side) && this.#tap.send(frame)) this.#tapFrames.out++;
    if (this.#side.gateway) this.#publisher.receive(frame);
  }

  /**
   * Another replica speaks for the guest: what it may have missed goes again at once, and the LAN
   * hears where it is (protocol.md §4).
   */
  hurry(): void {
    this.#tap?.send(ANNOUNCEMENT);
    this.#publisher.hurry();
  }

  get status(): GuestWireStatus {
    const { tap: name } = this.#options;
    const { in: framesIn, out: framesOut, ignored: framesIgnored } = this.#tapFrames;
    const attached = this.#tap?.isAttached ?? false;
    return {
      ...this.#publisher.status,
      framesIn: this.#frames.in,
      framesOut: this.#frames.out,
      ...(name !== undefined && { tap: { name, attached, framesIn, framesOut, framesIgnored } }),
    };
  }

  /** Closes every way; see Publisher.close for what clients of published ports see. */
  close(): void {
    this.#publisher.close();
    this.#tap?.close();
  }

  #fromLan(frame: Uint8Array): void {
    if (isForGuest(frame, this.#side)) {
      this.#tapFrames.in++;
      this.#deliver(frame);
    } else {
      this.#tapFrames.ignored++;
    }
  }

  #deliver(frame: Uint8Array): void {
    this.#frames.in++;
    this.#options.capture?.add(frame);
    this.#options.deliver(frame);
  }
}

/** With ports published the guest would find the gateway at an address that is this host's. */
function refuseTwin(tap: string, ip: string): void {
  // Of interfaces that are up, with or without a carrier; "/32 host LOCAL" follows each address.
  const routes = readFileSync('/proc/self/net/fib_trie', 'utf8').split('|-- ');
  if (!routes.some((route) => route.startsWith(`${ip}\n`) && route.includes('host LOCAL'))) return;
  throw new VmftError(
    'environment',
    `TAP interface ${tap}: this host has the address ${ip}, which is the gateway's on the ` +
      "guest's wire while ports are published; give the host another one, or publish nothing",
  );
}
