/** Decodes guest code into blocks of micro-operations: from an address to the next branch. */
import { assert } from '../base/assert.ts';
import { PAGE_SHIFT } from '../base/limits.ts';
import { decode } from '../isa/decoder.ts';
import { segmentsOf, storesToCodeSegment } from '../isa/destination.ts';
import { TABLE } from '../isa/table.ts';
import type { CodeMap } from './code-map.ts';
import { type Core, Vector } from './core.ts';
import { Emitter, type Lowering, type Rules } from './emitter.ts';
import { Word } from './layout.ts';
import { ALU_RULES } from './ops/alu.ts';
import { BCD_RULES } from './ops/bcd.ts';
import { BIT_RULES } from './ops/bits.ts';
import { BRANCH_RULES } from './ops/branch.ts';
import { EXCHANGE_RULES } from './ops/exchange.ts';
import { FLAG_RULES } from './ops/flag.ts';
import { MOVE_RULES } from './ops/move.ts';
import { MULDIV_RULES } from './ops/muldiv.ts';
import { PORT_RULES } from './ops/port.ts';
import { isNull, SEGMENT_RULES } from './ops/segment.ts';
import { SHIFT_RULES } from './ops/shift.ts';
import { STACK_RULES } from './ops/stack.ts';
import { STRING_RULES } from './ops/string.ts';
import { SYSTEM_RULES } from './ops/system.ts';
import { Field, Header, UOP_WORDS, Uop } from './uop.ts';

/** Instructions in one block, at most. */
const MAX_INSTRUCTIONS = 64;

/** From a block that is one careful operation to the next one: that, and a header. */
const BEHIND = 2 * UOP_WORDS;

const RULES: Rules = {
  ...MOVE_RULES,
  ...ALU_RULES,
  ...SHIFT_RULES,
  ...MULDIV_RULES,
  ...BIT_RULES,
  ...BCD_RULES,
  ...STRING_RULES,
  ...STACK_RULES,
  ...BRANCH_RULES,
  ...EXCHANGE_RULES,
  ...FLAG_RULES,
  ...PORT_RULES,
  ...SEGMENT_RULES,
  ...SYSTEM_RULES,
};

/** The rule of each row of the instruction table; every row has one. */
const LOWERING: readonly Lowering[] = TABLE.map((row) => {
  const rule = RULES[row.mnemonic];
  assert(rule, () => `the processor has no rule for ${row.mnemonic}`);
  return rule;
});

/** The board may object to an instruction that is not in RAM. */
function fetchOutside(core: Core, address: number): void {
  core.bus.fetchOutside(address >>> 0);
}

/**
 * An access through a segment register that holds a null selector is #GP(0) (SDM volume 3, 3.4.2).
 * A repeated instruction with nothing to repeat accesses nothing: `counter` is the size of its
 * count, 0 for other instructions.
 */
function throughNull(core: Core, counter: number): void {
  const count = counter === 4 ? core.r[Word.Ecx]! : core.r16[2 * Word.Ecx]!;
  if (counter === 0 || count !== 0) core.fault(Vector.GP, 0);
}

/** Decodes and lowers blocks on demand; there is one for each processor. */
export class BlockBuilder {
  readonly #core: Core;
  readonly #map: CodeMap;
  readonly #emitter: Emitter;

  constructor(core: Core, map: CodeMap) {
    this.#core = core;
    this.#map = map;
    this.#emitter = new Emitter(map);
  }

  /**
   * Decodes the block at `address`, of at most `limit` (≥ 1) instructions, and enters it into the
   * map, which has room. Returns its index.
   */
  build(address: number, limit: number): number {
    const map = this.#map;
    const e = this.#emitter;
    const start = map.top + UOP_WORDS;
    e.beginBlock(start);
    let at = address;
    let instructions = 0;
    const most = Math.min(limit, MAX_INSTRUCTIONS);
    for (;;) {
      const length = map.careful.has(at) ? 0 : this.#one(at, false);
      if (length === 0) {
        if (instructions === 0) return this.#careful(start, at);
        e.goto(at);
        break;
      }
      instructions++;
      at += length;
      if (e.ended) break;
      if (instructions === most || at >>> PAGE_SHIFT !== address >>> PAGE_SHIFT) {
        e.goto(at);
        break;
      }
    }
    this.#enter(start, address, at, instructions);
    return start;
  }

  /** The block of the one instruction at `address`, whatever it does. */
  buildOne(address: number): number {
    const known = this.#map.find(address);
    if (known !== 0 && this.#map.code[known + Field.Op] === Uop.Careful) return known + BEHIND;
    const start = 2 * UOP_WORDS;
    this.#alone(start, address);
    return start;
  }

  /**
   * A careful instruction is done by the outer loop: its block has no instructions but those of
   * another block right behind, which that loop asks for by {@link buildOne}.
   */
  #careful(start: number, address: number): number {
    this.#emitter.op(Uop.Careful, 0, 0, address);
    const length = this.#alone(start + BEHIND, address);
    this.#enter(start, address, address + length, 0);
    return start;
  }

  /** Decodes one instruction into a block at `start`; returns its length. */
  #alone(start: number, address: number): number {
    const e = this.#emitter;
    e.beginBlock(start);
    const length = this.#one(address, true);
    if (!e.ended) e.goto(address + length);
    this.#header(start, address, address + length, 1);
    return length;
  }

  /** Enters the block of [address, end) into the map; it is the last that was built. */
  #enter(start: number, address: number, end: number, instructions: number): void {
    this.#header(start, address, end, instructions);
    this.#map.top = this.#emitter.at;
    this.#map.enter(start, address, Math.min(end, this.#core.ramBytes));
  }

  /** Lowers the instruction at `at`; returns its length, or 0 for one that must be careful. */
  #one(at: number, mayBeCareful: boolean): number {
    const core = this.#core;
    const e = this.#emitter;
    const instruction = decode(core.ramArray, at, core.ramBytes, at);
    if (instruction.row === undefined) {
      if (instruction.why === 'fetch' && !mayBeCareful) return 0;
      e.beginInstruction(at, instruction.length);
      if (instruction.why === 'fetch') e.call(fetchOutside, Math.max(at, core.ramBytes));
      e.op(Uop.Invalid, instruction.why === 'long' ? Vector.GP : Vector.UD);
      e.ended = true;
      return instruction.length;
    }
    if (storesToCodeSegment(instruction)) {
      e.beginInstruction(at, instruction.length);
      e.op(Uop.Invalid, Vector.GP);
      e.ended = true;
      return instruction.length;
    }
    if (segmentsOf(instruction).some((seg) => isNull(core.r[Word.Es + seg]!))) {
      e.beginInstruction(at, instruction.length);
      e.call(throughNull, instruction.repeat === 0 ? 0 : instruction.addressSize);
      return instruction.length;
    }
    const { mnemonic } = instruction.row;
    if (!mayBeCareful && Object.hasOwn(PORT_RULES, mnemonic)) return 0;
    e.beginInstruction(at, instruction.length);
    LOWERING[instruction.row.id]!(e, instruction);
    return instruction.length;
  }

  #header(start: number, address: number, end: number, instructions: number): void {
    const code = this.#map.code;
    code[start + Header.Address] = address;
    code[start + Header.End] = end;
    code[start + Header.Instructions] = instructions;
  }
}
