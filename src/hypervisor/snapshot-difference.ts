/**
 * Where two snapshots of what should be one machine differ first: processor, then devices, then
 * RAM. Fields are named for people: `eax`, `device uart.ier`, `page 0x103 offset 0x24`.
 */
import { toHex } from '../base/digest.ts';
import { STATE_NAMES } from '../cpu/cpu.ts';
import type { Page, Snapshot } from '../machine/types.ts';
import { changedPages } from './snapshot.ts';

/** A field that differs, with both values as text. */
export interface Difference {
  readonly field: string;
  readonly expected: string;
  readonly got: string;
}

/** The first difference; undefined where the snapshots are equal. */
export function firstDifference(expected: Snapshot, got: Snapshot): Difference | undefined {
  return (
    different('instruction count', expected.count, got.count) ??
    processorDifference(expected.cpu, got.cpu) ??
    devicesDifference(expected.devices, got.devices) ??
    pagesDifference(expected, got)
  );
}

function different(
  field: string,
  expected: number | string,
  got: number | string,
): Difference | undefined {
  if (expected === got) return undefined;
  return { field, expected: `${expected}`, got: `${got}` };
}

const COUNT_BYTES = 8;

/** Names as Cpu.state lays them out: the count, a word for each name, then the reading. */
function processorDifference(expected: Uint8Array, got: Uint8Array): Difference | undefined {
  const at = firstByte(expected, got);
  if (at === undefined) return undefined;
  const index = Math.floor((at - COUNT_BYTES) / 4);
  const name = STATE_NAMES[index];
  if (!name) {
    return different('reading', toHex(expected.subarray(at)), toHex(got.subarray(at)));
  }
  const word = (bytes: Uint8Array): string =>
    `0x${toHex(bytes.slice(COUNT_BYTES + 4 * index, COUNT_BYTES + 4 * index + 4).reverse())}`;
  return different(name, word(expected), word(got));
}

function firstByte(a: Uint8Array, b: Uint8Array): number | undefined {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return i;
  return undefined;
}

type Devices = Snapshot['devices'];

function devicesDifference(expected: Devices, got: Devices): Difference | undefined {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(got)])].sort();
  for (const name of names) {
    const found = valueDifference(`device ${name}`, expected[name], got[name]);
    if (found) return found;
  }
  return undefined;
}

function valueDifference(field: string, expected: unknown, got: unknown): Difference | undefined {
  if (isObject(expected) && isObject(got)) {
    const keys = [...new Set([...Object.keys(expected), ...Object.keys(got)])];
    for (const key of keys) {
      const found = valueDifference(`${field}.${key}`, expected[key], got[key]);
      if (found) return found;
    }
    return undefined;
  }
  return different(field, describeValue(expected), describeValue(got));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}

function describeValue(value: unknown): string {
  if (value instanceof Uint8Array) return value.length === 0 ? 'no bytes' : toHex(value);
  if (value === undefined) return 'nothing';
  return isObject(value) ? 'something' : String(value);
}

function pagesDifference(expected: Snapshot, got: Snapshot): Difference | undefined {
  const size = different('pages of RAM', expected.pages.length, got.pages.length);
  if (size) return size;
  const index = changedPages(got.pages, expected.pages).find(
    (page) => firstByte(bytesOf(expected.pages[page]), bytesOf(got.pages[page])) !== undefined,
  );
  if (index === undefined) return undefined;
  const a = bytesOf(expected.pages[index]);
  const b = bytesOf(got.pages[index]);
  const at = firstByte(a, b)!;
  const field = `page 0x${index.toString(16)} offset 0x${at.toString(16)}`;
  return different(field, hexByte(a[at]), hexByte(b[at]));
}

const hexByte = (byte = 0): string => `0x${byte.toString(16).padStart(2, '0')}`;

const ZEROS = new Uint8Array(4096);

function bytesOf(page: Page | undefined): Uint8Array {
  return page?.bytes ?? ZEROS;
}
