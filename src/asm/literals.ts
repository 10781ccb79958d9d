/** What numbers and strings of the source stand for (NASM manual, 3.4). */

import { Failure } from './errors.ts';
import type { Token } from './token.ts';

const RADIX_LETTERS: Readonly<Record<string, number>> = {
  b: 2,
  y: 2,
  o: 8,
  q: 8,
  d: 10,
  t: 10,
  h: 16,
  x: 16,
};

const BIGINT_PREFIX: Readonly<Record<number, string>> = { 2: '0b', 8: '0o', 10: '', 16: '0x' };
const DIGITS: Readonly<Record<number, RegExp>> = {
  2: /^[01]*$/,
  8: /^[0-7]*$/,
  10: /^[0-9]*$/,
  16: /^[0-9a-f]*$/,
};

/**
 * The value of an integer, modulo 2^64, or undefined if its digits do not fit its radix. A radix is
 * told by a prefix (`0x1f`, `$1f`) or a suffix (`1fh`); where a number has both, the larger wins.
 */
export function integerValue(text: string): bigint | undefined {
  let digits = text.toLowerCase();
  let radix = 10;
  const prefix = digits[0] === '0' && digits.length > 2 ? (RADIX_LETTERS[digits[1]!] ?? 0) : 0;
  const suffix = digits.length > 1 ? (RADIX_LETTERS[digits.at(-1)!] ?? 0) : 0;
  if (digits[0] === '$') {
    radix = 16;
    digits = digits.slice(1);
  } else if (prefix > 0 && prefix >= suffix) {
    radix = prefix;
    digits = digits.slice(2);
  } else if (suffix > 0) {
    radix = suffix;
    digits = digits.slice(0, -1);
  }
  digits = digits.replaceAll('_', '');
  if (!DIGITS[radix]!.test(digits)) return undefined;
  return BigInt.asUintN(64, BigInt(digits === '' ? '0' : BIGINT_PREFIX[radix] + digits));
}

const utf8 = new TextEncoder();

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  e: 27,
};

const ESCAPE = /\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))/gsu;

/** The bytes of a string: UTF-8, and C's escapes if its quotes are backquotes. */
export function stringBytes(token: Token): Uint8Array {
  const inside = token.text.slice(1, -1);
  if (token.text[0] !== '`' || !inside.includes('\\')) return utf8.encode(inside);
  const bytes: number[] = [];
  let from = 0;
  for (const match of inside.matchAll(ESCAPE)) {
    bytes.push(...utf8.encode(inside.slice(from, match.index)), ...escapeBytes(match, token));
    from = match.index + match[0].length;
  }
  bytes.push(...utf8.encode(inside.slice(from)));
  return Uint8Array.from(bytes);
}

function escapeBytes(match: RegExpMatchArray, token: Token): Iterable<number> {
  const [, hexadecimal, octal, short, long, letter] = match;
  if (hexadecimal !== undefined) return [Number.parseInt(hexadecimal, 16)];
  if (octal !== undefined) return [Number.parseInt(octal, 8) & 0xff];
  const code = short ?? long;
  if (code !== undefined) {
    const point = Number.parseInt(code, 16);
    if (point > 0x10ffff) throw new Failure(token.column, `no character has the code ${code}h`);
    return utf8.encode(String.fromCodePoint(point));
  }
  const simple = SIMPLE_ESCAPES[letter!];
  return simple === undefined ? utf8.encode(letter) : [simple];
}

/** A string as a number, its first character lowest; of more than eight bytes the first eight. */
export function characterConstant(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = Math.min(bytes.length, 8) - 1; i >= 0; i--)
    value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}

/** Encodings of strings by the functions that ask for them, `__utf16__('text')`. */
const ENCODINGS: Readonly<Record<string, readonly [size: 2 | 4, little: boolean]>> = {
  utf16: [2, true],
  utf16le: [2, true],
  utf16be: [2, false],
  utf32: [4, true],
  utf32le: [4, true],
  utf32be: [4, false],
};

/** The name of a function in underscores, `__utf16__` or `__?utf16?__`, in lower case. */
export function functionName(word: string): string | undefined {
  const name = /^__(\??)([a-z]\w*?)\1__$/i.exec(word)?.[2];
  return name?.toLowerCase();
}

/** The bytes of the string `token` in the encoding `name`; undefined if there is no such one. */
export function encodedString(name: string, token: Token): Uint8Array | undefined {
  const encoding = ENCODINGS[name];
  if (!encoding) return undefined;
  const [size, little] = encoding;
  const text = decodedUtf8(stringBytes(token), token.column);
  const units = size === 2 ? text.split('') : [...text];
  const bytes = new Uint8Array(size * units.length);
  const view = new DataView(bytes.buffer);
  units.forEach((unit, i) => {
    if (size === 2) view.setUint16(2 * i, unit.charCodeAt(0), little);
    else view.setUint32(4 * i, unit.codePointAt(0)!, little);
  });
  return bytes;
}

function decodedUtf8(bytes: Uint8Array, column: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Failure(column, 'the string is no UTF-8');
  }
}
