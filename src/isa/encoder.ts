/**
 * Instruction as the source writes it → bytes, equal to those of nasm with its default
 * optimisation, for 32-bit code.
 *
 * All rows of the mnemonic are tried under both operand sizes; of those that fit, the shortest
 * encoding is taken, of several shortest ones that with a sign-extended byte, then the first of the
 * table. A size that nothing settles is 32 bits, or an error where a memory operand leaves it open.
 *
 * Jumps: a target in the same section that is near enough, or not known yet, takes the short form,
 * all others the near one. So passes begin short and only grow, as nasm's do.
 */
import { assert } from '../base/assert.ts';
import { type EncodedAddress, encodeAddress, littleEndian } from './addressing.ts';
import { formsHint, refusalHint } from './forms.ts';
import type { Row } from './instruction.ts';
import { fitOf, guessedSize, isSignedByte, settlesSize } from './matching.ts';
import { type Spelling, spellingOf } from './mnemonics.ts';
import {
  bytesOf,
  followsOperandSize,
  hasModrm,
  type OperandCode,
  parseCode,
} from './operand-code.ts';
import { groupPrefixes, type PrefixGroups, SEGMENT_PREFIX } from './prefixes.ts';
import type {
  AsmImmediate,
  AsmMemory,
  AsmOperand,
  AsmValue,
  EncodeRequest,
  Encoding,
  EncodingError,
} from './request.ts';
import { TABLE } from './table.ts';

/** A row as the encoder sees it. */
interface Form {
  readonly row: Row;
  /** Of the operands that the source writes: none for string instructions. */
  readonly codes: readonly OperandCode[];
  /** The operand size changes what it does. */
  readonly sized: boolean;
  /** String instruction on bytes. */
  readonly bytes: boolean;
}

/** A form with operands that fit it. */
interface Candidate {
  readonly form: Form;
  readonly operandSize: 2 | 4;
  readonly operands: readonly AsmOperand[];
}

/** What an instruction becomes; `distance` is that of a jump from the next instruction. */
interface Emitted {
  readonly bytes: readonly number[];
  readonly warnings: readonly string[];
  readonly distance?: number;
}

const formsByMnemonic = new Map<string, Form[]>();
for (const row of TABLE) {
  if (row.alias) continue;
  const all = row.operands.map(parseCode);
  const string = all.some(({ place }) => place === 'X' || place === 'Y');
  const form: Form = {
    row,
    codes: string ? [] : all,
    sized: all.some(followsOperandSize),
    bytes: string && all.some(({ place, size }) => 'XY'.includes(place) && size === 'b'),
  };
  const forms = formsByMnemonic.get(row.mnemonic);
  if (forms) forms.push(form);
  else formsByMnemonic.set(row.mnemonic, [form]);
}

/** Indirect jumps and calls have 32 bits unless the source says otherwise. */
const DOUBLEWORD_BY_DEFAULT = ['call', 'jmp', 'callf', 'jmpf'];

/** Near branches, before which nasm keeps F2 for itself. */
const BRANCH = /^(?:ret|call|jmp|j(?!ecxz)\w+)$/;

const INVALID = 'invalid combination of opcode and operands';

/** The request after everything that only some mnemonics have is settled. */
interface Plan {
  readonly mnemonic: string;
  readonly spelling: Spelling;
  /** Orders of the operands in which to try the rows. */
  readonly orders: readonly (readonly AsmOperand[])[];
  readonly prefixes: PrefixGroups;
  readonly address: number;
}

const isFar = (operand: AsmOperand | undefined): boolean =>
  operand?.kind === 'far' || (operand?.kind === 'mem' && operand.far === true);

/** Operands that a source may leave out or swap. */
function orders(mnemonic: string, operands: readonly AsmOperand[]): (readonly AsmOperand[])[] {
  const [first, second] = operands;
  const swapped = [second!, first!];
  if (mnemonic === 'xchg' && operands.length === 2) return [swapped, operands];
  if (mnemonic === 'test' && first?.kind === 'reg' && second?.kind === 'mem') return [swapped];
  if (mnemonic === 'imul' && second?.kind === 'imm' && operands.length === 2) {
    return [[first!, first!, second]];
  }
  if ((mnemonic === 'aam' || mnemonic === 'aad') && operands.length === 0) {
    return [[{ kind: 'imm', value: 10, basis: 'number' }]];
  }
  return [operands];
}

function planOf(request: EncodeRequest): Plan | EncodingError {
  const spelling = spellingOf(request.mnemonic);
  if (!spelling) {
    const hint = refusalHint(request.mnemonic);
    return { error: `no such instruction: ${request.mnemonic}`, ...(hint && { hint }) };
  }
  let prefixes = groupPrefixes(request.prefixes);
  if ('error' in prefixes) return prefixes;
  let { mnemonic } = spelling;
  let { operands } = request;
  if (prefixes.repeat === 0xf2 && !isFar(operands[0]) && BRANCH.test(mnemonic)) {
    return { error: 'repne prefix is not allowed', hint: "before a branch it means `bnd' to nasm" };
  }
  if ((mnemonic === 'call' || mnemonic === 'jmp') && isFar(operands[0])) mnemonic += 'f';
  const [, counter] = operands;
  if (mnemonic.startsWith('loop') && counter?.kind === 'reg' && counter.reg === 1) {
    if (counter.size !== 1) prefixes = { ...prefixes, addressSize: counter.size };
    operands = operands.slice(0, 1);
  }
  if (spelling.addressSize) prefixes = { ...prefixes, addressSize: spelling.addressSize };
  const { address } = request;
  return { mnemonic, spelling, orders: orders(mnemonic, operands), prefixes, address };
}

/** Restrictions that are not in the operand codes. */
function excluded(plan: Plan, { row, bytes }: Form, operandSize: 2 | 4): boolean {
  const { spelling, prefixes } = plan;
  const element = spelling.operandSize;
  if (row.repeatable !== 'none' && bytes !== (element === 1)) return true;
  if (element !== undefined && element !== 1 && element !== operandSize) return true;
  if (prefixes.operandSize !== undefined && prefixes.operandSize !== operandSize) return true;
  // movzx and movsx of a word to a word would be a mov.
  return operandSize === 2 && row.operands[0] === 'Gv' && row.operands[1] === 'Ew';
}

/** mov to a segment register takes the low word of any register. */
function asWord(row: Row, operand: AsmOperand): AsmOperand {
  const wide = row.operands[0] === 'Sw' && operand.kind === 'reg' && operand.size === 4;
  return wide ? { ...operand, size: 2 } : operand;
}

/** A jump takes Jb or Jz by what the source says and by what is known of the target. */
function jumpFits(form: Form, target: AsmImmediate): boolean {
  const both = formsByMnemonic
    .get(form.row.mnemonic)!
    .some(({ codes }) => codes[0]?.place === 'J' && codes[0] !== form.codes[0]);
  const short = form.codes[0]!.size === 'b';
  if (target.distance !== undefined) return short === (target.distance === 'short');
  if (!both) return true;
  const near = target.strict || target.size !== undefined;
  return short ? !near && (target.basis === 'here' || target.basis === 'unknown') : true;
}

interface Matches {
  readonly candidates: Candidate[];
  /** Some form fits but for a size keyword. */
  readonly sizeWrong: boolean;
}

function match(plan: Plan): Matches {
  const candidates: Candidate[] = [];
  let sizeWrong = false;
  for (const order of plan.orders) {
    for (const form of formsByMnemonic.get(plan.mnemonic)!) {
      if (form.codes.length !== order.length) continue;
      const operands = order.map((operand) => asWord(form.row, operand));
      const sized = form.sized || plan.spelling.operandSize !== undefined;
      for (const operandSize of sized ? ([4, 2] as const) : ([4] as const)) {
        if (sized && excluded(plan, form, operandSize)) continue;
        const fits = form.codes.map((code, i) => fitOf(code, operands[i]!, operandSize));
        if (fits.includes('no')) continue;
        if (fits.includes('size')) sizeWrong = true;
        else if (!contradicts(form, operands, operandSize)) {
          candidates.push({ form, operandSize, operands });
        }
      }
    }
  }
  return { candidates, sizeWrong };
}

/** An unsized memory operand beside a sized immediate has its size; jumps have their own rules. */
function contradicts(form: Form, operands: readonly AsmOperand[], operandSize: 2 | 4): boolean {
  const last = operands.at(-1);
  if (last?.kind !== 'imm') return false;
  if (form.codes[0]!.place === 'J') return !jumpFits(form, last);
  if (operands.length !== 2 || last.size === undefined) return false;
  const [destination, source] = form.codes;
  if (source!.size !== destination!.memorySize && !followsOperandSize(source!)) return false;
  const guess = guessedSize(destination!, operands[0]!, operandSize);
  return guess !== 0 && last.size !== guess;
}

/** Drops candidates of 16 bits where nothing asks for them. */
function settle(plan: Plan, candidates: readonly Candidate[]): Candidate[] | EncodingError {
  const guesses = new Set<number>();
  for (const { form, operands, operandSize } of candidates) {
    form.codes.forEach((code, i) => {
      guesses.add(guessedSize(code, operands[i]!, operandSize));
    });
  }
  guesses.delete(0);
  if (guesses.size > 1 && !DOUBLEWORD_BY_DEFAULT.includes(plan.mnemonic)) {
    return {
      error: 'operation size not specified',
      hint: 'write byte, word or dword before the bracket',
    };
  }
  const settled = plan.spelling.operandSize !== undefined || plan.prefixes.operandSize === 2;
  return candidates.filter(
    ({ form, operands, operandSize }) =>
      operandSize === 4 || settled || form.codes.some((code, i) => settlesSize(code, operands[i]!)),
  );
}

const DATA_NAME: Readonly<Record<number, string>> = { 1: 'byte', 2: 'word', 4: 'dword' };

/** nasm's warning when a plain number does not fit its field. */
function overflow({ value, basis }: AsmValue, size: number): string[] {
  const over = basis === 'number' && (value < -(2 ** (8 * size)) || value >= 2 ** (8 * size));
  return over ? [`${DATA_NAME[size]} data exceeds bounds`] : [];
}

/** Collects the bytes of one candidate. */
class Emission {
  readonly #candidate: Candidate;
  readonly #plan: Plan;
  readonly #warnings: string[] = [];
  #opcode: number;
  #modrm = 0;
  #address: EncodedAddress | undefined;
  #segment: number | undefined;
  readonly #immediates: number[] = [];
  #jump: { readonly target: number; readonly size: 1 | 2 | 4 } | undefined;

  constructor(candidate: Candidate, plan: Plan) {
    this.#candidate = candidate;
    this.#plan = plan;
    this.#segment = plan.prefixes.segment;
    this.#opcode = candidate.form.row.opcode & 0xff;
  }

  #memory(memory: AsmMemory, offsetOnly: boolean): EncodingError | undefined {
    const address = encodeAddress(memory, this.#plan.prefixes.addressSize);
    if ('error' in address) return address;
    if (memory.segment !== undefined) {
      if (this.#segment !== undefined) {
        return { error: 'instruction has conflicting segment overrides' };
      }
      this.#segment = memory.segment;
    }
    this.#address = address;
    this.#warnings.push(...address.warnings);
    if (offsetOnly) this.#immediates.push(...address.tail);
    else this.#modrm |= address.modrm;
    return undefined;
  }

  #immediate(code: OperandCode, operand: AsmImmediate): void {
    const { operandSize } = this.#candidate;
    const size = bytesOf(code.size, operandSize);
    this.#immediates.push(...littleEndian(operand.value, size));
    const wide = code.signed ? operandSize : size;
    if (code.signed && !isSignedByte(operand.value, operandSize) && operand.basis === 'number') {
      this.#warnings.push('signed byte value exceeds bounds');
    } else this.#warnings.push(...overflow(operand, wide));
  }

  #operand(code: OperandCode, operand: AsmOperand): EncodingError | undefined {
    const { operandSize } = this.#candidate;
    switch (operand.kind) {
      case 'mem':
        return this.#memory(operand, code.place === 'O');
      case 'reg':
        if (code.place === 'G') this.#modrm |= operand.reg << 3;
        else if (code.place === 'Z') this.#opcode |= operand.reg;
        else if (code.place !== 'reg') this.#modrm |= 0xc0 | operand.reg;
        break;
      case 'imm':
        if (code.place === 'I') this.#immediate(code, operand);
        else if (code.place === 'J') {
          this.#jump = { target: operand.value, size: code.size === 'b' ? 1 : operandSize };
        }
        break;
      case 'far':
        this.#immediates.push(...littleEndian(operand.offset.value, operandSize));
        this.#immediates.push(...littleEndian(operand.selector.value, 2));
        this.#warnings.push(...overflow(operand.offset, operandSize));
        break;
      default:
        if (code.place !== 'seg') this.#modrm |= operand.reg << 3;
    }
    return undefined;
  }

  #prefixes(): number[] {
    const { lock, repeat, operandSize } = this.#plan.prefixes;
    const { form } = this.#candidate;
    const bytes: number[] = [];
    if (repeat) bytes.push(repeat);
    if (lock) bytes.push(0xf0);
    if (this.#segment !== undefined) bytes.push(SEGMENT_PREFIX[this.#segment]!);
    if (this.#candidate.operandSize === 2 || operandSize === 2) bytes.push(0x66);
    const addressSize = this.#address?.addressSize ?? this.#plan.prefixes.addressSize;
    if (addressSize === 2) bytes.push(0x67);
    if (form.row.mandatory) bytes.push(form.row.mandatory);
    if (form.row.opcode > 0xff) bytes.push(0x0f);
    return bytes;
  }

  run(): Emitted | EncodingError {
    const { form, operands } = this.#candidate;
    const { row, codes } = form;
    for (const [i, code] of codes.entries()) {
      const error = this.#operand(code, operands[i]!);
      if (error) return error;
    }
    const bytes = [...this.#prefixes(), this.#opcode];
    if (row.digit >= 0) this.#modrm |= row.digit << 3;
    if (row.rm >= 0) this.#modrm |= 0xc0 | row.rm;
    if (hasModrm(row)) {
      bytes.push(this.#modrm);
      if (this.#address) bytes.push(...this.#address.tail);
    }
    bytes.push(...this.#immediates);
    if (this.#plan.prefixes.lock && !(row.lockable && operands[0]?.kind === 'mem')) {
      this.#warnings.push('instruction is not lockable');
    }
    if (!this.#jump) return { bytes, warnings: this.#warnings };
    const { target, size } = this.#jump;
    const distance = (target - (this.#plan.address + bytes.length + size)) | 0;
    bytes.push(...littleEndian(distance, size));
    return { bytes, warnings: this.#warnings, distance };
  }
}

/** Whether the distance of an emitted jump fits its field; a target not known yet always does. */
function reaches({ form, operands }: Candidate, { distance }: Emitted): boolean {
  const target = operands[0];
  if (distance === undefined || form.codes[0]!.size !== 'b') return true;
  return (target?.kind === 'imm' && target.basis === 'unknown') || isSignedByte(distance, 4);
}

function shortest(plan: Plan, candidates: readonly Candidate[]): Encoding {
  let best: (Emitted & { readonly form: Form }) | undefined;
  let failure: EncodingError | undefined;
  for (const candidate of candidates) {
    const { form } = candidate;
    const emitted = new Emission(candidate, plan).run();
    if ('error' in emitted) failure ??= emitted;
    else if (!reaches(candidate, emitted)) {
      failure ??= {
        error: 'short jump is out of range',
        hint: `the target is ${emitted.distance} bytes away, a short jump reaches -128 … 127`,
      };
    } else {
      const gain = best ? best.bytes.length - emitted.bytes.length : 1;
      const signed = (f: Form): boolean => f.codes.some((code) => code.signed);
      if (gain > 0 || (gain === 0 && signed(form) && !signed(best!.form))) {
        best = { ...emitted, form };
      }
    }
  }
  if (!best) {
    assert(failure, () => `no form of ${plan.mnemonic} was emitted`);
    return failure;
  }
  return { row: best.form.row, bytes: Uint8Array.from(best.bytes), warnings: best.warnings };
}

/** Hints by mnemonic, made when first asked for: an assembler's first passes may fail often. */
const hints = new Map<string, string>();

function noMatch({ mnemonic }: Plan, error: string): EncodingError {
  let hint = hints.get(mnemonic);
  if (hint === undefined) {
    hint = formsHint(
      mnemonic,
      formsByMnemonic.get(mnemonic)!.map(({ row }) => row),
    );
    hints.set(mnemonic, hint);
  }
  return { error, hint };
}

/** Encodes one instruction. Errors are values; nothing is thrown. */
export function encode(request: EncodeRequest): Encoding {
  const plan = planOf(request);
  if ('error' in plan) return plan;
  const { candidates, sizeWrong } = match(plan);
  if (candidates.length === 0) {
    return noMatch(plan, sizeWrong ? 'mismatch in operand sizes' : INVALID);
  }
  const settled = settle(plan, candidates);
  if ('error' in settled) return settled;
  return settled.length === 0 ? noMatch(plan, INVALID) : shortest(plan, settled);
}
