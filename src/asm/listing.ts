/**
 * The listing: every line of the source with the address and the bytes that it became, laid out as
 * nasm's listings are, but with the bytes as they are in the image.
 *
 *          4 00100005 83C005                   add eax, five
 *          5 00100008 01<rep 3h>              times 3 db 1
 *          6 0000000B ????????            <1>  resb 4           (a line of a macro's body)
 *
 * The address is that of the byte in memory for an ELF file, its offset in the section for a flat
 * image, as in nasm.
 */

import type { Format } from './layout.ts';
import type { Emission } from './output.ts';
import type { Origin } from './source.ts';

/** What a row of bytes is put together from. */
interface Piece {
  readonly address: number;
  /** Two hexadecimal digits, `??`, or a mark for many bytes. */
  readonly text: string;
}

const BYTES_WIDTH = 18;

/** Reserved bytes shown one by one; of more only the number. */
const MAX_MARKS = 8;

/** The text of a listing. `lines` are all lines read, `emissions` in the order of the lines. */
export function formatListing(
  lines: readonly Origin[],
  emissions: readonly Emission[],
  format: Format,
): string {
  const byLine = new Map<Origin, Emission[]>();
  for (const emission of emissions) {
    const origin = emission.origin.shownAt ?? emission.origin;
    const known = byLine.get(origin);
    if (known) known.push(emission);
    else byLine.set(origin, [emission]);
  }
  return lines.map((origin) => formatLine(origin, byLine.get(origin) ?? [], format)).join('');
}

function formatLine({ line, depth }: Origin, emissions: readonly Emission[], format: Format) {
  const number = `${line.number}`.padStart(6);
  const level = depth > 0 ? `<${depth}>` : '';
  const source = `${level.padStart(4)} ${line.text}`;
  const rows = rowsOf(emissions.flatMap((emission) => [...piecesOf(emission, format)]));
  const first = rows[0] ?? ''.padEnd(9 + BYTES_WIDTH + 1);
  const text = `${number} ${first}${source}`.trimEnd();
  return [text, ...rows.slice(1).map((row) => `${number} ${row}`.trimEnd()), ''].join('\n');
}

function* piecesOf(emission: Emission, format: Format): Iterable<Piece> {
  const { section, offset, size, kind, times } = emission;
  const address = format === 'elf' && section ? section.base + offset : offset;
  if (kind === 'file') yield { address, text: `<bin ${hexadecimal(size)}h>` };
  if (kind === 'room') {
    if (size > MAX_MARKS) yield { address, text: `<res ${hexadecimal(size)}h>` };
    else for (let i = 0; i < size; i++) yield { address: address + i, text: '??' };
    return;
  }
  for (let i = 0; i < size && kind === 'bytes'; i++)
    yield { address: address + i, text: hexadecimal(section!.bytes[offset + i]!).padStart(2, '0') };
  if (times > 1) yield { address: address + size, text: `<rep ${hexadecimal(times)}h>` };
}

/** Rows of at most 18 characters of bytes; all but the last end in a hyphen. */
function rowsOf(pieces: readonly Piece[]): string[] {
  const rows: string[] = [];
  let row = '';
  let start = 0;
  for (const { address, text } of pieces) {
    if (row.length + text.length > BYTES_WIDTH && row !== '') {
      rows.push(formatRow(start, `${row}-`));
      row = '';
    }
    if (row === '') start = address;
    row += text;
  }
  if (row !== '') rows.push(formatRow(start, row));
  return rows;
}

function formatRow(address: number, text: string): string {
  return `${hexadecimal(address).padStart(8, '0')} ${text.padEnd(BYTES_WIDTH + 1)}`;
}

function hexadecimal(number: number): string {
  return number.toString(16).toUpperCase();
}
