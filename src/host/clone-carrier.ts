/**
 * The clone of a running machine on a real host: the rounds that a source takes, and the pieces
 * that a joining host is given. Answers to the protocol core come as events.
 */
import { BytesError } from '../base/bytes.ts';
import type { Effect, HostEvent } from '../ft/ports.ts';
import {
  beginRound,
  type CloneRound,
  newStage,
  nextPiece,
  roundBytes,
  takePiece,
} from '../hypervisor/clone.ts';
import type { Snapshot } from '../machine/types.ts';
import type { GuestEngine } from './guest-engine.ts';

/** Pieces after which their pages are put into the machine: a look at all pages, each time. */
const ADOPTED_PIECES = 16;

/** The effects of a clone. */
export type CloneEffect = Effect & {
  kind: 'capture' | 'read-piece' | 'clear' | 'install' | 'assemble';
};

export class CloneCarrier {
  readonly #engine: GuestEngine;
  readonly #onEvent: (event: HostEvent) => void;
  /** At the source: what the standby has after the round, and what of it is still to be sent. */
  #sent: Snapshot | undefined;
  #round: CloneRound | undefined;
  #stage = newStage();
  #pieces = 0;
  /** A capture under way; another one, or none, takes its place when it is forgotten. */
  #capturing: object | undefined;

  constructor(engine: GuestEngine, onEvent: (event: HostEvent) => void) {
    this.#engine = engine;
    this.#onEvent = onEvent;
  }

  /** Performs one effect. */
  perform(effect: CloneEffect): void {
    switch (effect.kind) {
      case 'capture':
        this.#prepare(effect);
        break;
      case 'read-piece':
        if (!this.#round) break;
        this.#onEvent({
          kind: 'piece',
          attempt: effect.attempt,
          ...nextPiece(this.#round, effect.bytes),
        });
        break;
      case 'clear':
        this.forget();
        break;
      case 'install':
        this.#install(effect.bytes);
        break;
      case 'assemble':
        this.#assemble(effect.attempt);
    }
  }

  /** The clone is over, one way or the other. */
  forget(): void {
    this.#sent = undefined;
    this.#round = undefined;
    this.#stage = newStage();
    this.#capturing = undefined;
  }

  /** Most of a capture is done bit by bit, and the process hears its peers in between. */
  #prepare(effect: Effect & { kind: 'capture' }): void {
    const capturing = {};
    this.#capturing = capturing;
    const goOn = (): void => {
      if (this.#capturing !== capturing) return;
      if (this.#engine.settle()) this.#capture(effect);
      else setImmediate(goOn);
    };
    goOn();
  }

  #capture({ attempt, round, final }: Effect & { kind: 'capture' }): void {
    const checkpoint = this.#engine.checkpoint();
    if (!checkpoint) return;
    this.#round = beginRound(checkpoint, round === 1 ? undefined : this.#sent, final);
    this.#sent = checkpoint.machine;
    const event = { kind: 'captured', attempt, bytes: roundBytes(this.#round) } as const;
    const { count } = checkpoint.machine;
    const end = { entries: checkpoint.point.seq, count, digest: this.#engine.digest() };
    this.#onEvent(final ? { ...event, end } : event);
  }

  /** A piece that is none leaves the machine incomplete, which shows when it is assembled. */
  #install(bytes: Uint8Array): void {
    try {
      takePiece(this.#stage, bytes);
      if (++this.#pieces % ADOPTED_PIECES === 0) this.#engine.adopt(this.#stage.pages);
    } catch (error) {
      if (!(error instanceof BytesError)) throw error;
    }
  }

  #assemble(attempt: number): void {
    const { checkpoint } = this.#stage;
    this.forget();
    if (checkpoint) this.#engine.become(checkpoint);
    const digest = checkpoint ? this.#engine.digest() : undefined;
    this.#onEvent({ kind: 'assembled', attempt, digest });
  }
}
