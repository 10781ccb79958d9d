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

  constructor(engine: GuestEngine, onEvent: (event: HostEvent) => void) {
    this.#engine = engine;
    this.#onEvent = onEvent;
  }

  /** Performs one effect. */
  perform(effect: CloneEffect): void {
    switch (effect.kind) {
      case 'capture':
        this.#capture(effect);
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
