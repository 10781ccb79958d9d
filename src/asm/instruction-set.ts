/**
 * From an instruction as written to the request that the encoder takes (isa/request.ts): its
 * expressions evaluated, each with what it rests on.
 */

import { encode } from '../isa/encoder.ts';
import { spellingOf } from '../isa/mnemonics.ts';
import { groupPrefixes, SEGMENT_PREFIX } from '../isa/prefixes.ts';
import type { AddressTerm, AsmMemory, AsmOperand, AsmPrefix, AsmValue } from '../isa/request.ts';
import { Failure } from './errors.ts';
import { evaluate, type Scope } from './evaluate.ts';
import type { Expression } from './expression.ts';
import type { Register } from './registers.ts';
import type { InstructionSyntax, MemorySyntax, OperandSyntax } from './statement.ts';
import type { Value } from './value.ts';
import type { WarningClass } from './warnings.ts';

/** What an instruction asks of the program around it. */
export interface InstructionScope extends Scope {
  /** The number that a value without registers comes to, with all sections in their places. */
  resolve(value: Value, column: number): bigint;
  /** What {@link resolve} of it rests on. */
  basisOf(value: Value): AsmValue['basis'];
}

/** One instruction, encoded. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** Whether the bytes would be the same at any address; a jump's are not. */
  readonly placeless: boolean;
  readonly warnings: readonly { readonly name: WarningClass; readonly message: string }[];
}

/** Whether `word`, in lower case, is an instruction. */
export function isMnemonic(word: string): boolean {
  return spellingOf(word) !== undefined;
}

/** The bytes of `syntax` at `address`. Throws a Failure if there is no such instruction. */
export function encodeInstruction(
  syntax: InstructionSyntax,
  address: number,
  scope: InstructionScope,
): Encoded {
  const { mnemonic, column } = syntax;
  if (mnemonic === '') return prefixesAlone(syntax);
  const operands = syntax.operands.map((operand) => toOperand(operand, scope));
  const prefixes = [...syntax.prefixes, ...addressPrefixes(syntax)] as AsmPrefix[];
  const encoding = encode({ mnemonic, operands, prefixes, address });
  if ('error' in encoding) throw new Failure(column, encoding.error, encoding.hint);
  const { bytes, row } = encoding;
  const warnings = encoding.warnings.map((message) => ({ name: classOf(message), message }));
  return { bytes, warnings, placeless: !row.operands.some((code) => code[0] === 'J') };
}

function classOf(message: string): WarningClass {
  if (message.endsWith('exceeds bounds')) return 'number-overflow';
  if (message.startsWith('displacement size')) return 'ea-dispsize';
  return message.endsWith('lockable') ? 'prefix-lock' : 'other';
}

/** A line of prefixes without an instruction is the bytes of the prefixes. */
function prefixesAlone({ prefixes, column }: InstructionSyntax): Encoded {
  const groups = groupPrefixes(prefixes as AsmPrefix[]);
  if ('error' in groups) throw new Failure(column, groups.error, groups.hint);
  const { repeat, lock, segment, operandSize, addressSize } = groups;
  const bytes = [
    repeat,
    lock ? 0xf0 : 0,
    segment === undefined ? 0 : SEGMENT_PREFIX[segment],
    operandSize === 2 ? 0x66 : 0,
    addressSize === 2 ? 0x67 : 0,
  ].filter((byte) => byte !== 0);
  return { bytes: Uint8Array.from(bytes), placeless: true, warnings: [] };
}

/** `[a16 …]` says the same as the prefix. */
function addressPrefixes({ operands, prefixes }: InstructionSyntax): string[] {
  const sizes = new Set(operands.map(({ memory }) => memory?.addressSize ?? 0));
  sizes.delete(0);
  return [...sizes].map((size) => `a${8 * size}`).filter((prefix) => !prefixes.includes(prefix));
}

function toOperand(syntax: OperandSyntax, scope: InstructionScope): AsmOperand {
  const { column, value: expression, offset, memory } = syntax;
  const value = evaluate(expression, scope);
  if (memory) return toMemory(syntax, memory, value, scope);
  const register = soleRegister(value);
  if (register && !offset) return toRegister(register);
  const size = sizeOf(syntax);
  const number = toValue(value, expression, scope);
  if (offset) {
    const width = size === 2 || size === 4 ? { size } : {};
    const target = toValue(evaluate(offset, scope), offset, scope);
    return { kind: 'far', selector: number, offset: target, ...width };
  }
  if (syntax.distance === 'far')
    throw new Failure(
      column,
      "`far' with an address alone",
      'write selector:offset, or far [memory]',
    );
  return {
    kind: 'imm',
    ...number,
    ...(size !== undefined && { size }),
    ...(syntax.strict && { strict: true }),
    ...(syntax.distance !== '' && { distance: syntax.distance }),
  };
}

function sizeOf({ size, column }: OperandSyntax): 1 | 2 | 4 | undefined {
  if (size === 0) return undefined;
  if (size === 1 || size === 2 || size === 4) return size;
  throw new Failure(column, `no number of ${size} bytes fits an instruction`);
}

function soleRegister({ constant, terms }: Value): Register | undefined {
  const [term] = terms;
  if (terms.length !== 1 || term!.of.unit !== 'register') return undefined;
  return term!.times === 1n && constant === 0n ? term!.of : undefined;
}

function toRegister({ kind, number: reg, size }: Register): AsmOperand {
  if (kind === 'general') return { kind: 'reg', reg, size };
  return kind === 'segment' ? { kind: 'seg', reg } : { kind, reg };
}

function toValue(value: Value, { column }: Expression, scope: InstructionScope): AsmValue {
  if (value.terms.some(({ of }) => of.unit === 'register'))
    throw new Failure(column, 'a register in a sum must stand in brackets');
  const basis = scope.basisOf(value);
  return { value: basis === 'unknown' ? 0 : safe(scope.resolve(value, column)), basis };
}

/** The low bits of `value` that a number holds exactly. */
function safe(value: bigint): number {
  return Number(BigInt.asIntN(53, value));
}

function toMemory(
  { column, size, distance, value: expression }: OperandSyntax,
  memory: MemorySyntax,
  value: Value,
  scope: InstructionScope,
): AsmMemory {
  const registers = value.terms.flatMap(({ of, times, scaled }): AddressTerm[] => {
    if (of.unit !== 'register') return [];
    if (of.kind !== 'general' || of.size === 1)
      throw new Failure(column, `\`${of.name}' cannot be part of an address`);
    return [{ reg: of.number, size: of.size, times: safe(times), scaled }];
  });
  const others = value.terms.filter(({ of }) => of.unit !== 'register');
  const rest = { constant: value.constant, terms: others };
  if (size > 8) throw new Failure(column, `no instruction has an operand of ${size} bytes`);
  const { segment, displacementSize, nosplit } = memory;
  return {
    kind: 'mem',
    registers,
    disp: toValue(rest, expression, scope),
    ...(size !== 0 && { size: size as 1 | 2 | 4 | 8 }),
    ...(segment && { segment: segment.number }),
    ...(displacementSize !== 0 && { dispSize: displacementSize as 1 | 2 | 4 }),
    ...(nosplit && { nosplit }),
    ...(distance === 'far' && { far: true }),
  };
}
