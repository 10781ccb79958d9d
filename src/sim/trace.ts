/**
 * What happened in a world, in order: plain data from which the timeline is drawn. Two runs of one
 * scenario with one seed have equal traces.
 */

/** Something that happened in a world. */
export interface TraceEvent {
  readonly timeNs: number;
  /** Where it happened: a host, a client, 'channel', 'disk', 'arbiter', 'gateway' or 'world'. */
  readonly column: string;
  readonly text: string;
  /** Goes on all the time and says little: acknowledgements, batches without entries. */
  readonly routine?: true;
}

/** What a receiver outside took from a replica: the evidence by which runs are judged. */
export interface Observation {
  readonly timeNs: number;
  readonly host: string;
  readonly token: number;
  readonly ordinal: number;
  /** Who took it. */
  readonly where: 'gateway' | 'console' | 'disk' | 'world';
  /** Hash of the output's canonical bytes, in hexadecimal. */
  readonly hash: string;
  /** The output in a few words. */
  readonly what: string;
}

/** A rule that was broken. */
export interface Violation {
  /** Name of the checker. */
  readonly checker: string;
  readonly timeNs: number;
  /** What was seen and what should have been seen. */
  readonly evidence: string;
}
