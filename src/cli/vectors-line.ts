/**
 * The lines of `vmft vectors`: one test, or the background memory, in; one answer out. Fields are
 * separated by one space, numbers are hexadecimal without 0x:
 *
 *   B mem=ADDR:BYTES[,ADDR:BYTES]...
 *   T ID [n=STEPS] [rep=1] [eip=] [efl=] [eax=] … [edi=] [mem=ADDR:BYTES,…]
 *   R ID n=RETIRED fault=NAME [err=E] eax= … edi= eip= efl= [mem=ADDR:BYTES,…]
 *   E ID reason
 *
 * Named fields come in any order, each once. Any line at all is read or refused with a
 * {@link LineError}.
 */

/** Some bytes and where they lie. */
export interface MemoryRun {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** What a T line asks for. */
export interface VectorTest {
  /** Instructions to execute, 1 … 2^32 − 1. */
  readonly steps: number;
  /** A repeated string instruction counts as one step, not each of its iterations. */
  readonly repeatsCountOnce: boolean;
  readonly eip: number;
  readonly eflags: number;
  /** eax ecx edx ebx esp ebp esi edi, unsigned. */
  readonly registers: readonly number[];
  readonly memory: readonly MemoryRun[];
}

/** What an R line says. */
export interface VectorAnswer {
  readonly retired: number;
  /** Name of the exception that ended the test, or `-`. */
  readonly fault: string;
  /** Its error code, where it has one. */
  readonly error: number | undefined;
  readonly eip: number;
  readonly eflags: number;
  /** eax ecx edx ebx esp ebp esi edi, unsigned. */
  readonly registers: readonly number[];
  /** Every byte that differs from before, in runs, ascending. */
  readonly memory: readonly MemoryRun[];
}

/** A line that cannot be read; the message says why. */
export class LineError extends Error {
  override readonly name = 'LineError';
}

const REGISTERS = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;

/** Fields of a T line; the registers come first. */
const FIELD_NAMES = [
  ...REGISTERS.map((register) => `${register}=`),
  'eip=',
  'efl=',
  'n=',
  'rep=',
  'mem=',
];
const FIELDS = new Map(FIELD_NAMES.map((name, field) => [name, field] as const));

/** Places in {@link FIELD_NAMES}. */
const enum Field {
  Eip = 8,
  Efl,
  Steps,
  Rep,
  Mem,
}

/** Value of a hexadecimal digit by its character code, or −1. */
const DIGIT = new Int8Array(0x100).fill(-1);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  DIGIT[digit.charCodeAt(0)] = value;
  DIGIT[digit.toUpperCase().charCodeAt(0)] = value;
}

/** The two digits of each byte. */
const BYTE_TEXT = Array.from({ length: 0x100 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function digitAt(text: string, at: number): number {
  return DIGIT[text.charCodeAt(at)] ?? -1;
}

/** The number in text[from, to): one to eight digits. */
function numberIn(text: string, from: number, to: number): number {
  let value = to - from < 1 || to - from > 8 ? -1 : 0;
  for (let at = from; at < to && value >= 0; at++) {
    const digit = digitAt(text, at);
    value = digit < 0 ? -1 : value * 16 + digit;
  }
  if (value < 0) throw new LineError(`${shortened(text)}: expected a number of 1 to 8 hex digits`);
  return value;
}

/** One run, ADDR:BYTES, in text[from, to). */
function runIn(text: string, from: number, to: number, ramBytes: number): MemoryRun {
  const colon = text.indexOf(':', from);
  if (colon < 0 || colon > to) throw new LineError(`${shortened(text)}: expected ADDR:BYTES`);
  const address = numberIn(text, from, colon);
  const digits = to - colon - 1;
  if (digits === 0 || digits % 2 !== 0)
    throw new LineError(`mem=: the bytes at ${address.toString(16)} are no pairs of hex digits`);
  if (address + digits / 2 > ramBytes) {
    const place = `${digits / 2} bytes at ${address.toString(16)}`;
    throw new LineError(`mem=: ${place} pass the end of RAM at ${ramBytes.toString(16)}`);
  }
  const bytes = new Uint8Array(digits / 2);
  for (let i = 0, at = colon + 1; i < bytes.length; i++, at += 2) {
    const high = digitAt(text, at);
    const low = digitAt(text, at + 1);
    if (high < 0 || low < 0)
      throw new LineError(`mem=: the bytes at ${address.toString(16)} are no pairs of hex digits`);
    bytes[i] = high * 16 + low;
  }
  return { address, bytes };
}

/** All runs of a field `mem=…`, in their order. */
function runsIn(field: string, ramBytes: number): MemoryRun[] {
  const runs: MemoryRun[] = [];
  let from = 4;
  for (;;) {
    const comma = field.indexOf(',', from);
    runs.push(runIn(field, from, comma < 0 ? field.length : comma, ramBytes));
    if (comma < 0) return runs;
    from = comma + 1;
  }
}

function shortened(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 40)}...`;
}

/** The runs of a B line, given its fields. Throws LineError. */
export function parseBackground(fields: readonly string[], ramBytes: number): MemoryRun[] {
  const [, field, extra] = fields;
  if (!field?.startsWith('mem=') || extra !== undefined)
    throw new LineError('expected B mem=ADDR:BYTES[,ADDR:BYTES]...');
  return runsIn(field, ramBytes);
}

/** A T line, given its fields, of which the first two are T and ID. Throws LineError. */
export function parseTest(fields: readonly string[], ramBytes: number): VectorTest {
  const values = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0];
  let memory: MemoryRun[] = [];
  let seen = 0;
  for (let i = 2; i < fields.length; i++) {
    const text = fields[i]!;
    const name = text.slice(0, text.indexOf('=') + 1);
    const field = FIELDS.get(name);
    if (field === undefined)
      throw new LineError(`${shortened(text)}: no such field; there are ${FIELD_NAMES.join(' ')}`);
    if (seen & (1 << field)) throw new LineError(`${name} is given twice`);
    seen |= 1 << field;
    if (field === Field.Mem) memory = runsIn(text, ramBytes);
    else values[field] = numberIn(text, name.length, text.length);
  }
  const steps = values[Field.Steps]!;
  const rep = values[Field.Rep]!;
  if (steps === 0) throw new LineError('n= must be at least 1');
  if (rep > 1) throw new LineError('rep= is 0 or 1');
  const eip = values[Field.Eip]!;
  const eflags = values[Field.Efl]!;
  const registers = values.slice(0, REGISTERS.length);
  return { steps, repeatsCountOnce: rep === 1, eip, eflags, registers, memory };
}

/** ` mem=…`, or nothing where there are no runs. */
function memoryText(runs: readonly MemoryRun[]): string {
  let text = '';
  for (const { address, bytes } of runs) {
    text += `${text === '' ? ' mem=' : ','}${address.toString(16)}:`;
    for (const byte of bytes) text += BYTE_TEXT[byte]!;
  }
  return text;
}

function registersText(registers: readonly number[]): string {
  let text = '';
  for (let i = 0; i < 8; i++) text += ` ${REGISTERS[i]!}=${registers[i]!.toString(16)}`;
  return text;
}

/** The T line that {@link parseTest} reads back. */
export function formatTest(id: string, test: VectorTest): string {
  const rep = test.repeatsCountOnce ? ' rep=1' : '';
  const eip = test.eip.toString(16);
  const efl = test.eflags.toString(16);
  const registers = registersText(test.registers);
  const memory = memoryText(test.memory);
  return `T ${id} n=${test.steps.toString(16)}${rep} eip=${eip} efl=${efl}${registers}${memory}`;
}

/** The R line of an answer. */
export function formatAnswer(id: string, answer: VectorAnswer): string {
  const { retired, fault, error } = answer;
  const code = error === undefined ? '' : ` err=${error.toString(16)}`;
  const place = ` eip=${answer.eip.toString(16)} efl=${answer.eflags.toString(16)}`;
  const rest = registersText(answer.registers) + place + memoryText(answer.memory);
  return `R ${id} n=${retired.toString(16)} fault=${fault}${code}${rest}`;
}
