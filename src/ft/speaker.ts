/**
 * Who speaks for a machine, as its gateway and its console sink know it. Both admit whoever has the
 * highest token that was ever announced (protocol.md §4 rules 2 and 17); they never decide who is
 * live: safety does not need them, only order does.
 */
import type { Rules, Token } from './ports.ts';

/** Plain data. */
export interface Speaker {
  /** A host, or a process of one; undefined while nobody has spoken. */
  owner: string | undefined;
  token: Token;
}

/**
 * Whether a receiver that knows `highest` must refuse `token`. Without rule 2 it compares
 * generations, which winner and loser of one have in common.
 */
export function isBelow(token: Token, highest: Token, { tokens }: Pick<Rules, 'tokens'>): boolean {
  if (tokens) return token < highest;
  return Math.floor(token / 2) < Math.floor(highest / 2);
}

/**
 * Whether `owner` may speak with `token`; a higher one takes the place of whoever had it. Without
 * rule 17 the last to speak is the speaker.
 */
export function admits(
  speaker: Speaker,
  owner: string,
  token: Token,
  rules: Pick<Rules, 'tokens' | 'highestToken'>,
): boolean {
  if (!rules.highestToken) {
    Object.assign(speaker, { token, owner });
    return true;
  }
  if (isBelow(token, speaker.token, rules)) return false;
  if (token === speaker.token && speaker.owner !== undefined && owner !== speaker.owner)
    return false;
  speaker.token = token;
  speaker.owner = owner;
  return true;
}

/**
 * What is new of console bytes that begin at `offset`, for a sink that has `length` bytes: a
 * repetition is dropped (contracts.md 9). `missing` bytes before them have never come.
 */
export function newConsoleBytes(
  length: number,
  offset: number,
  bytes: Uint8Array,
): { readonly bytes: Uint8Array; readonly missing: number } {
  return {
    bytes: bytes.subarray(Math.max(0, length - offset)),
    missing: Math.max(0, offset - length),
  };
}
