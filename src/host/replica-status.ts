/** What a replica's process tells of itself: to `vmft status`, and in its log. */
import type { HostId } from '../ft/ports.ts';
import type { ReplicaState } from '../ft/state.ts';
import type { Log } from './log.ts';

/** A go-live after a failure. */
export interface Failover {
  /** When, in ISO 8601. */
  readonly at: string;
  /** The generation that was won. */
  readonly generation: number;
  /** From the first suspicion to the go-live, in ms. */
  readonly tookMs: number;
}

/** Failovers that are remembered. */
const MAX_FAILOVERS = 16;

export class ReplicaStatus {
  readonly #name: HostId;
  readonly #log: Log;
  readonly #failovers: Failover[] = [];
  #role = '';
  #suspectedNs = 0;
  #failoverCount = 0;

  constructor(name: HostId, log: Log) {
    this.#name = name;
    this.#log = log;
  }

  /** The replica has changed. */
  note({ role, generation, arbitration, nowNs }: ReplicaState): void {
    const { stage } = arbitration;
    const asks = stage === 'idle' ? '' : `, its claim: ${stage}`;
    this.#log.generation = generation;
    this.#log.info(`${role} of generation ${generation}${asks}`);
    if (role === 'backup' && stage === 'asking') this.#suspectedNs = nowNs;
    if (role === 'alone' && this.#role === 'backup') {
      const tookMs = Math.round((nowNs - this.#suspectedNs) / 1e6);
      this.#failovers.push({ at: new Date().toISOString(), generation, tookMs });
      this.#failoverCount++;
      if (this.#failovers.length > MAX_FAILOVERS) this.#failovers.shift();
      this.#log.info(`live after ${tookMs} ms`);
    }
    this.#role = role;
  }

  /** For `vmft status`. */
  describe(state: ReplicaState) {
    const { role, generation, token, peer, lag, outputs, window, inbox, execution } = state;
    return {
      name: this.#name,
      role,
      generation,
      token,
      peer,
      protected: role === 'primary' && state.channel === 'open' && state.clone === undefined,
      lagMs: lag.ns / 1e6,
      roundTripMs: window.trip.ns / 1e6,
      heldOutputs: outputs.held.length,
      cpuPercent: execution.percent,
      entries: role === 'primary' ? window.sent : inbox.received,
      failovers: this.#failovers,
      failoverCount: this.#failoverCount,
      refused: this.#log.refused,
      refusals: this.#log.refusals,
    };
  }
}
