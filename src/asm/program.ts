/**
 * The program as it is being assembled: symbols, and the output that statements add to. One pass
 * feeds it all statements in order; {@link Program.endPass} then says whether anything moved.
 *
 * Values can be wrong as long as things move, so each pass's complaints about them are its own:
 * those of the last pass are the user's.
 */

import { MAX_RAM_BYTES } from '../base/limits.ts';
import type { AsmValue } from '../isa/request.ts';
import { ANY_CPU, levelOf } from './cpu-levels.ts';
import { type DataScope, dataPieces, totalSize, zeroed } from './data-bytes.ts';
import { Diagnostics, Failure } from './errors.ts';
import { evaluate, evaluateScalar, type Scope } from './evaluate.ts';
import type { Expression } from './expression.ts';
import { type Encoded, encodeInstruction, type InstructionScope } from './instruction-set.ts';
import type { Format } from './layout.ts';
import { MAX_IMAGE_BYTES, MAX_REPEAT } from './limits.ts';
import { Output } from './output.ts';
import type { Origin } from './source.ts';
import type {
  Body,
  DataSyntax,
  Directive,
  InstructionSyntax,
  Label,
  Statement,
} from './statement.ts';
import { Symbols } from './symbols.ts';
import { isScalar, isUnknown, UNKNOWN, type Value } from './value.ts';
import type { WarningClass, WarningSwitches } from './warnings.ts';

type Of<K extends Directive['kind']> = Extract<Directive, { kind: K }>;

/** Reads a file for `incbin`; undefined if there is none. */
export type BytesResolver = (path: string, from: string) => Uint8Array | undefined;

export class Program implements Scope, DataScope, InstructionScope {
  readonly symbols = new Symbols();
  readonly output: Output;
  /** Complaints of the present pass. */
  diagnostics = new Diagnostics();
  readonly #format: Format;
  readonly #switches: WarningSwitches;
  readonly #bytesOf: BytesResolver;
  /** Of instructions that come out the same in every pass. */
  readonly #encoded = new Map<InstructionSyntax, Encoded>();
  /** How often an expression asked for a symbol or an address. */
  #lookups = 0;
  #pass = 0;
  #bits = 32;
  #cpu = ANY_CPU;
  /** Names that the program says are defined elsewhere. */
  readonly #externs = new Set<string>();
  /** The statement at hand, and where it begins. */
  #origin!: Origin;
  #here: Value | undefined;

  constructor(format: Format, switches: WarningSwitches, bytesOf: BytesResolver) {
    this.output = new Output(format);
    this.#format = format;
    this.#switches = switches;
    this.#bytesOf = bytesOf;
  }

  startPass(): void {
    this.#pass++;
    this.#bits = 32;
    this.symbols.startPass();
    this.output.startPass();
    this.diagnostics = new Diagnostics(this.#switches);
    this.#cpu = ANY_CPU;
    this.#externs.clear();
  }

  /**
   * Lays the sections out. True if nothing has changed since the pass before; never of the first.
   */
  endPass(): boolean {
    const moved = this.output.endPass();
    return !moved && !this.symbols.changed && this.#pass > 1;
  }

  /** Assembles one statement; what is wrong with it is noted. */
  execute(statement: Statement): void {
    const { origin, label, body, times } = statement;
    this.#origin = origin;
    this.#here = this.output.here();
    if (label && body?.kind !== 'equ')
      this.diagnostics.guard(origin, () =>
        this.symbols.define({ ...label, value: this.here(), label: true, origin }),
      );
    if (body)
      this.diagnostics.guard(origin, () => {
        const count = times ? Number(this.#bounded(times)) : 1;
        this.#body(body, count, label);
      });
    this.#here = undefined;
  }

  symbol(name: string, column: number): Value {
    this.#lookups++;
    const found = this.symbols.find(name);
    if (found) return found.value;
    if (this.#pass === 1) return UNKNOWN;
    throw this.undefinedSymbol(name, column);
  }

  /** The Failure that says that `name` is no symbol. */
  undefinedSymbol(name: string, column: number): Failure {
    const similar = this.symbols.similar(name);
    let hint = similar === undefined ? undefined : `there is a symbol \`${similar}'`;
    if (this.#externs.has(name)) hint = 'there is no linker: define it, or %include its source';
    return new Failure(column, `symbol \`${this.symbols.fullName(name)}' not defined`, hint);
  }

  /** Where the statement at hand begins; it stays so while `times` repeats it. */
  here(): Value {
    this.#lookups++;
    return this.#here ?? this.output.here();
  }

  base(): Value {
    this.#lookups++;
    return this.output.base();
  }

  /**
   * The number that `value` comes to with all sections in their places. Throws a Failure unless it
   * is a number, an address, or the distance of an address from the section in force.
   */
  resolve(value: Value, column: number): bigint {
    let number = value.constant;
    let [added, taken] = [0, 0];
    for (const { of, times } of value.terms) {
      if (of.unit === 'unknown') continue;
      if (of.unit === 'register') throw new Failure(column, `register \`${of.name}' in a number`);
      if (times === 1n) added++;
      else if (times === -1n && of === this.output.section) taken++;
      else added = 2;
      if (added > 1 || taken > 1)
        throw new Failure(column, 'neither a number nor an address', 'addresses cannot be added');
      number += BigInt(of.base) * times;
    }
    return number;
  }

  /** What a value without registers rests on, seen from the section in force. */
  basisOf(value: Value): AsmValue['basis'] {
    if (isUnknown(value)) return 'unknown';
    if (isScalar(value)) return 'number';
    const [only] = value.terms;
    return value.terms.length === 1 && only!.of === this.output.section ? 'here' : 'elsewhere';
  }

  unit(expression: Expression, size: number): bigint {
    if (size > 8)
      throw new Failure(expression.column, `no integer has ${8 * size} bits`, 'a string can');
    const value = this.resolve(evaluate(expression, this), expression.column);
    this.#checkRange(value, size, expression.column);
    return BigInt.asUintN(8 * size, value);
  }

  /** Warns if `value` is neither a signed nor an unsigned number of `size` bytes. */
  #checkRange(value: bigint, size: number, column: number): void {
    const limit = 1n << BigInt(8 * size);
    if (size === 8 || (value >= -limit && value < limit)) return;
    const message = `${value} does not fit into ${size === 1 ? 'a byte' : `${size} bytes`}`;
    this.#warn(column, 'number-overflow', message);
  }

  #warn(column: number, name: WarningClass, message: string): void {
    this.diagnostics.warning(this.#origin, column, name, message);
  }

  floatOverflow(column: number): void {
    this.#warn(column, 'float-overflow', 'number too large for its format: infinity');
  }

  count(expression: Expression): bigint {
    return this.#bounded(expression);
  }

  #bounded(expression: Expression): bigint {
    const count = evaluateScalar(expression, this, 'a count');
    if (count < 0n) throw new Failure(expression.column, `the count is ${count}, less than none`);
    if (count > MAX_RAM_BYTES)
      throw new Failure(expression.column, `the count is ${count}; ${MAX_RAM_BYTES} is the most`);
    return count;
  }

  #body(body: Body, times: number, label: Label | undefined): void {
    switch (body.kind) {
      case 'instruction':
        this.#instruction(body, times);
        break;
      case 'data':
        this.#data(body, times);
        break;
      case 'reserve': {
        const size = body.size * Number(this.#bounded(body.count)) * times;
        this.#reserve(size, body.column);
        break;
      }
      case 'incbin':
        this.#incbin(body, times);
        break;
      case 'equ':
        this.#equ(label, body.value, body.column);
        break;
      case 'section':
        this.#section(body);
        break;
      case 'return':
        this.output.goBack();
        break;
      case 'nothing':
        break;
      case 'warning':
        this.#warning(body.words, body.column);
        break;
      case 'symbols':
        this.#declare(body);
        break;
      case 'cpu':
        this.#cpu = body.level;
        break;
      default:
        this.#setting(body);
    }
  }

  #instruction(syntax: InstructionSyntax, times: number): void {
    if (this.#bits !== 32)
      throw new Failure(syntax.column, '16-bit code: the machine runs 32-bit code', 'use bits 32');
    if (this.#cpu < levelOf(syntax.mnemonic))
      throw new Failure(
        syntax.column,
        `\`${syntax.mnemonic}' is not in the processor chosen by cpu`,
      );
    for (let done = 0; done < times; ) {
      const { bytes, placeless, warnings } = this.#encode(syntax);
      for (const { name, message } of warnings) this.#warn(syntax.column, name, message);
      const run = placeless ? times : 1;
      if (run < times && times > MAX_REPEAT)
        throw new Failure(syntax.column, `a jump ${times} times; ${MAX_REPEAT} is the most`);
      this.#append(bytes, run, syntax.column);
      done += run;
    }
  }

  /** Encodes an instruction, unless it names no symbol and has been encoded before. */
  #encode(syntax: InstructionSyntax): Encoded {
    const known = this.#encoded.get(syntax);
    if (known) return known;
    const before = this.#lookups;
    const encoded = encodeInstruction(syntax, this.output.address, this);
    if (encoded.placeless && this.#lookups === before) this.#encoded.set(syntax, encoded);
    return encoded;
  }

  #data({ items, size, column }: DataSyntax, times: number): void {
    if (items.length === 0) this.#warn(column, 'db-empty', 'no operand for data declaration');
    const pieces = dataPieces(items, size, this);
    if (totalSize(pieces) * times > MAX_IMAGE_BYTES)
      throw new Failure(column, `more than ${MAX_IMAGE_BYTES} bytes`);
    const repeated = times > 1 && pieces.length > 1 ? [zeroed(pieces)] : pieces;
    for (const piece of repeated) {
      if (typeof piece === 'number') this.#reserve(piece * times, column);
      else this.#append(piece, times, column);
    }
  }

  /** Appends bytes; in a section without bytes room, for zeros and what `align` pads with. */
  #append(bytes: Uint8Array, times: number, column: number): void {
    const { section } = this.output;
    const padding = this.#origin.shownAt !== undefined;
    if (section?.kind === 'bss' && (padding || bytes.every((byte) => byte === 0))) {
      if (!padding)
        this.#warn(column, 'other', `section ${section.name} has no bytes: this is only room`);
      this.output.reserve(this.#origin, bytes.length * times, column);
    } else {
      this.output.append(this.#origin, bytes, times, column);
    }
  }

  #reserve(size: number, column: number): void {
    const { section } = this.output;
    if (section && section.kind !== 'bss' && size > 0 && !this.#origin.shownAt)
      this.#warn(
        column,
        'zeroing',
        `room in section ${section.name}, which has bytes, is filled with zeros`,
      );
    this.output.reserve(this.#origin, size, column);
  }

  /** The symbol gets a value even if it is unknown still, so that a later pass can know it. */
  #equ(label: Label | undefined, expression: Expression, column: number): void {
    if (!label) throw new Failure(column, "`equ' needs a label in front, to give the value to");
    const value = evaluate(expression, this);
    if (!isUnknown(value)) this.resolve(value, expression.column);
    this.symbols.define({ ...label, value, label: false, origin: this.#origin });
    if (isUnknown(value) && this.#pass > 1)
      throw new Failure(expression.column, `the value of \`${label.name}' depends on itself`);
  }

  #incbin({ path, skip, length, column }: Of<'incbin'>, times: number): void {
    const bytes = this.#bytesOf(path, this.#origin.line.file);
    if (!bytes) throw new Failure(column, `cannot read the file \`${path}' to include`);
    const from = skip ? Number(this.#bounded(skip)) : 0;
    const size = length ? Number(this.#bounded(length)) : bytes.length;
    const part = bytes.subarray(from, from + size);
    this.output.append(this.#origin, part, times, column, 'file');
  }

  /** `[warning …]` holds from here on. */
  #warning(words: readonly string[], column: number): void {
    for (const word of words) {
      if (word === 'push') this.#switches.push();
      else if (word === 'pop') {
        if (!this.#switches.pop()) this.#warn(column, 'warn-stack-empty', 'nothing to pop');
      } else if (!this.#switches.set(word))
        this.#warn(column, 'unknown-warning', `there is no warning \`${word}'`);
    }
  }

  /** Every label is in the symbol table; what kind of thing it names is for ELF files only. */
  #declare({ how, names, special, column }: Of<'symbols'>): void {
    if (special && this.#format === 'bin')
      throw new Failure(column, 'a flat binary has no special types of symbols');
    if (how === 'extern') for (const name of names) this.#externs.add(name);
  }

  #section({ name, bits, align, lasting, places, ignored }: Of<'section'>): void {
    for (const { column, text } of ignored)
      this.#warn(column, 'other', `section attribute \`${text}' is ignored`);
    const kind = bits === undefined ? undefined : bits ? 'data' : 'bss';
    this.output.choose(name, kind, lasting);
    for (const { attribute, value, column } of places) {
      if (this.#format === 'elf')
        throw new Failure(column, `\`${attribute}=' is for flat binaries`, 'use -f bin');
      const what = `the value of \`${attribute}='`;
      const given = typeof value === 'string' ? value : evaluateScalar(value, this, what);
      this.output.place(attribute, given, column);
    }
    if (align) this.output.align(evaluateScalar(align, this, 'an alignment'), align.column);
  }

  #setting(directive: Of<'absolute' | 'org' | 'sectalign' | 'bits'>): void {
    const { kind, value, column } = directive;
    const number = evaluateScalar(value, this, `the operand of \`${kind}'`);
    if (kind === 'org') this.output.setOrigin(number, column);
    else if (kind === 'sectalign') this.output.align(number, column);
    else if (kind === 'absolute') this.output.chooseAbsolute(Number(number), directive.lasting);
    else if (number === 32n || number === 16n) this.#bits = Number(number);
    else throw new Failure(column, `no ${number}-bit mode`, 'the machine runs 32-bit code');
  }
}
