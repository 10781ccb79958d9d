/**
 * What it means that two processors answer the same test differently. Four reasons are good ones:
 * the test left RAM, where a process is stopped; it came to an instruction that a process cannot
 * execute; the difference is in flags that the manual leaves undefined; or these decided what came
 * after. To tell, the test is run again, one instruction after the other.
 */
import { formatAnswer, type VectorAnswer, type VectorTest } from '../../src/cli/vectors-line.ts';
import type { VectorMachine } from '../../src/cli/vectors-machine.ts';
import { decode } from '../../src/isa/decoder.ts';
import type { Instruction } from '../../src/isa/instruction.ts';
import { REFUSED } from '../../src/isa/refused.ts';
import { isHarmless } from './generator.ts';
import { RAM_BYTES } from './values.ts';

/** `same` to the last bit, or why not. */
export type Verdict = 'same' | 'undefined flags' | 'outside RAM' | 'left out' | 'different';

const FLAG_BITS: Readonly<Record<string, number>> = {
  C: 0x001,
  P: 0x004,
  A: 0x010,
  Z: 0x040,
  S: 0x080,
  O: 0x800,
};

/** Bytes before the end of RAM where an instruction may need bytes from beyond it. */
const LONGEST = 15;

/** What the manual leaves undefined after `instruction`; `cl` is its count, if that is in cl. */
function undefinedFlags({ row, operands }: Instruction, cl: number): string {
  if (!/^(sh[lr]d?|sar|ro[lr]|rc[lr])$/.test(row.mnemonic)) return row.undefinedFlags;
  const by = operands.at(-1)!;
  const count = (by.kind === 'imm' ? by.value : cl) & 31;
  if (count === 0) return '';
  const to = operands[0]!;
  const bits = to.kind === 'reg' || to.kind === 'mem' ? 8 * to.size : 32;
  const others = count === 1 ? row.undefinedFlags.replace('O', '') : row.undefinedFlags;
  return count >= bits && row.mnemonic.startsWith('s') ? `C${others}` : others;
}

/** Holds a machine of ours against what the real processor answered. */
export class Judge {
  readonly #machine: VectorMachine;
  readonly #background: Uint8Array;
  readonly #exact: boolean;

  /**
   * `exact`: the real processor is of the family whose undefined flags ours has taken over; then
   * only those may differ that ours sets otherwise on purpose (undefined-flags.ts).
   */
  constructor(machine: VectorMachine, background: Uint8Array, exact: boolean) {
    this.#machine = machine;
    this.#background = background;
    this.#exact = exact;
  }

  /** Runs `test` here and compares with the line that the real processor answered to `id`. */
  judge(id: string, test: VectorTest, native: string): { verdict: Verdict; here: string } {
    const answer = this.#machine.run(test);
    const here = formatAnswer(id, answer);
    if (here === native) return { verdict: 'same', here };
    const left = this.#machine.touchedOutside || answer.eip >= RAM_BYTES - LONGEST;
    if (left && / fault=(GP|SS) err=0 /.test(native)) return { verdict: 'outside RAM', here };
    if (this.#stackLeft(test, native)) return { verdict: 'outside RAM', here };
    const flags = this.#flagsOf(test);
    if (flags === undefined) return { verdict: 'left out', here };
    const masked = (line: string): string =>
      line.replace(
        / efl=(\w+)/,
        (_, efl) => ` efl=${(Number.parseInt(efl, 16) & ~flags).toString(16)}`,
      );
    return { verdict: masked(here) === masked(native) ? 'undefined flags' : 'different', here };
  }

  /**
   * Whether the real processor stopped at a stack outside RAM. It looks at that of enter without
   * storing there, and at that of pop before it looks at the destination.
   */
  #stackLeft(test: VectorTest, native: string): boolean {
    const found = / n=(\w+) fault=SS err=0 .* esp=(\w+) /.exec(native);
    if (!found) return false;
    const [retired, before] = found.slice(1).map((text) => Number.parseInt(text, 16));
    const after = this.#machine.run({ ...test, steps: retired! + 1 }).registers[4]!;
    return before! >= RAM_BYTES || after >= RAM_BYTES;
  }

  /** The flags that are undefined at the end of `test`; undefined where it cannot be compared. */
  #flagsOf(test: VectorTest): number | undefined {
    let letters = '';
    let registers = test.registers;
    let eip = test.eip;
    let changed: VectorAnswer['memory'] = [];
    let ended = false;
    for (let step = 1; step <= test.steps || ended; step++) {
      const image = this.#background.slice();
      for (const { address, bytes } of [...test.memory, ...changed]) image.set(bytes, address);
      const found = decode(image, eip, RAM_BYTES, eip);
      const bytes = image.subarray(eip, eip + found.length);
      if (found.row === undefined) {
        if (isRefused(bytes)) return undefined;
        break;
      }
      if (ended) break;
      const popsNoise = found.row.mnemonic === 'popf' && step > 1;
      if (popsNoise || !isHarmless(found, bytes)) return undefined;
      if ([...found.row.tests].some((letter) => letters.includes(letter))) return undefined;
      const after = this.#machine.run({ ...test, steps: step });
      // What it has become, half way, may be anything.
      if (found.repeat && overlaps(after.memory, eip, found.length)) return undefined;
      if (after.fault === '-') letters = this.#after(found, letters, registers[1]! & 0xff);
      ({ registers, eip, memory: changed } = after);
      ended = after.fault !== '-';
    }
    return [...letters].reduce((mask, letter) => mask | FLAG_BITS[letter]!, 0);
  }

  /** The letters of the flags that are undefined after `instruction`, given those before it. */
  #after(instruction: Instruction, before: string, cl: number): string {
    const { row } = instruction;
    const known = this.#exact && !/^i?mul$/.test(row.mnemonic);
    const now = known ? '' : undefinedFlags(instruction, cl);
    // A count of zero writes nothing, so only what always writes ends what was undefined.
    const always = row.repeatable === 'none' && !/CL|Ib$/.test(row.operands.at(-1) ?? '');
    const written = always || /^(add|or|adc|sbb|and|sub|xor|cmp|test)$/.test(row.mnemonic);
    const left = [...before].filter((letter) => !written || !row.writes.includes(letter));
    return [...new Set([...left, ...now])].join('');
  }
}

function overlaps(runs: VectorAnswer['memory'], from: number, length: number): boolean {
  return runs.some((run) => run.address < from + length && from < run.address + run.bytes.length);
}

/** Whether these bytes, which decode to nothing, may mean something to another processor. */
function isRefused(bytes: Uint8Array): boolean {
  let at = 0;
  while (/^(26|2e|36|3e|64|65|66|67|f0|f2|f3)$/.test((bytes[at] ?? 0).toString(16))) at++;
  const two = bytes[at] === 0x0f;
  const opcode = two ? 0x0f00 + (bytes[++at] ?? 0) : bytes[at]!;
  const modrm = bytes[at + 1] ?? 0;
  const form = modrm >= 0xc0 ? 'reg' : 'mem';
  const digit = (modrm >> 3) & 7;
  return REFUSED.some(
    ({ first, last, digits, mod }) =>
      opcode >= first &&
      opcode <= last &&
      (bytes.length <= at + 1 || (digit >= digits[0] && digit <= digits[1])) &&
      (bytes.length <= at + 1 || mod === 'any' || mod === form),
  );
}
