/** Strings in the preprocessor: tokens made of text, text taken from tokens, parts of it. */

import type { Cursor } from '../cursor.ts';
import { stringBytes } from '../literals.ts';
import { Kind, spellings, type Token } from '../token.ts';

/** A string token with the characters of `text`, in quotes that do not occur in it. */
export function quoted(text: string, at: Token): Token {
  const quote = ['"', "'", '`'].find((candidate) => !text.includes(candidate)) ?? '`';
  const inside = quote === '`' ? text.replace(/[\\`]/g, '\\$&') : text;
  return { kind: Kind.Text, text: quote + inside + quote, column: at.column, space: at.space };
}

/** The text of `tokens` as a string. */
export function quotedTokens(tokens: readonly Token[], at: Token): Token {
  return quoted(spellings(tokens), at);
}

/** The one string that `tokens` are, or else their text as a string. */
export function quotedOnce(tokens: readonly Token[], at: Token): Token {
  const only = tokens.length === 1 ? tokens[0]! : undefined;
  return only?.kind === Kind.Text ? only : quotedTokens(tokens, at);
}

const decoder = new TextDecoder('latin1');

/** Takes a string; the result has one character for each of its bytes. */
export function takeString(cursor: Cursor): string {
  const token = cursor.token;
  if (token?.kind !== Kind.Text) return cursor.fail('string expected');
  cursor.skip();
  return decoder.decode(stringBytes(token));
}

/** A string token whose bytes are the character codes of `bytes`. */
export function fromBytes(bytes: string, at: Token): Token {
  if (/^[ -~]*$/.test(bytes)) return quoted(bytes, at);
  const escapes = [...bytes].map((c) => `\\x${(c.charCodeAt(0) + 0x100).toString(16).slice(1)}`);
  return { kind: Kind.Text, text: `\`${escapes.join('')}\``, column: at.column, space: at.space };
}

/**
 * The part of `text` from `start`, counted from 1 (less is 1); `count` characters, or if negative
 * up to that many from the end.
 */
export function substringOf(text: string, start: bigint, count: bigint): string {
  const length = BigInt(text.length);
  const first = clamped(start - 1n, length);
  const end = clamped(count < 0n ? length + 1n + count : BigInt(first) + count, length);
  return text.slice(first, Math.max(first, end));
}

function clamped(index: bigint, length: bigint): number {
  return Number(index < 0n ? 0n : index > length ? length : index);
}
