/** Data statements, assembled: the bytes and the room that db … dq stand for. */

import { Failure } from './errors.ts';
import type { Expression } from './expression.ts';
import { MAX_IMAGE_BYTES } from './limits.ts';
import type { DataItem } from './statement.ts';

/** Bytes, or a number of bytes without a value. */
export type Piece = Uint8Array | number;

/** What data statements ask of the program around them. */
export interface DataScope {
  /** The value of a unit of `size` bytes; a number in [0, 256^size). */
  unit(value: Expression, size: number): bigint;
  /** A count, at least 0. */
  count(value: Expression): bigint;
  /** Told of a floating-point number that is too large for its format. */
  floatOverflow(column: number): void;
}

/** What `items` of units of `size` bytes stand for, in order. Throws a Failure if too much. */
export function dataPieces(items: readonly DataItem[], size: number, scope: DataScope): Piece[] {
  const pieces: Piece[] = [];
  for (const item of items) {
    switch (item.kind) {
      case 'bytes':
        pieces.push(padded(item.bytes, size));
        break;
      case 'value':
        pieces.push(unitBytes(scope.unit(item.value, size), size));
        break;
      case 'float':
        if (item.overflow) scope.floatOverflow(item.column);
        pieces.push(item.bytes);
        break;
      case 'sized':
        pieces.push(...dataPieces(item.items, item.size, scope));
        break;
      case 'reserve':
        pieces.push(size);
        break;
      case 'repeat': {
        const inner = dataPieces(item.items, size, scope);
        const count = scope.count(item.count);
        const total = BigInt(totalSize(inner)) * count;
        if (total > MAX_IMAGE_BYTES)
          throw new Failure(item.count.column, `${total} bytes; ${MAX_IMAGE_BYTES} are the most`);
        if (total > 0n) for (let i = 0n; i < count; i++) pieces.push(...inner);
        break;
      }
    }
  }
  return merged(pieces);
}

/** Bytes of all `pieces`, those without a value included. */
export function totalSize(pieces: readonly Piece[]): number {
  return pieces.reduce<number>((sum, piece) => sum + sizeOf(piece), 0);
}

function sizeOf(piece: Piece): number {
  return typeof piece === 'number' ? piece : piece.length;
}

function padded(bytes: Uint8Array, size: number): Uint8Array {
  const over = bytes.length % size;
  if (over === 0) return bytes;
  const out = new Uint8Array(bytes.length + size - over);
  out.set(bytes);
  return out;
}

function unitBytes(value: bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let rest = value;
  for (let i = 0; i < size; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

/** `pieces` with neighbours of one sort made one, so that repetitions stay cheap. */
function merged(pieces: readonly Piece[]): Piece[] {
  const out: Piece[] = [];
  for (let from = 0, to = 0; from < pieces.length; from = to) {
    const reserved = typeof pieces[from] === 'number';
    while (to < pieces.length && (typeof pieces[to] === 'number') === reserved) to++;
    const run = pieces.slice(from, to);
    out.push(run.length === 1 ? run[0]! : reserved ? totalSize(run) : joined(run as Uint8Array[]));
  }
  return out;
}

/** All `pieces` as bytes, those without a value zero. */
export function zeroed(pieces: readonly Piece[]): Uint8Array {
  return joined(pieces.map((piece) => (typeof piece === 'number' ? new Uint8Array(piece) : piece)));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(totalSize(parts));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
