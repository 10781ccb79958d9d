/**
 * What it means that two processors answer the same test differently. Three reasons are good ones,
 * and each hides as little as can be:
 *
 * - `undefined flags`: the manual leaves them undefined, and the other processor is not the one
 *   whose values ours has taken over. Those flags alone are not compared.
 * - `leaves RAM`: the other processor is stopped where its segments end. Registers and memory must
 *   be the same up to that instruction, and it must be one that leaves RAM here.
 * - `left out`: the test comes to an instruction that a process cannot execute as ring 0 does, or
 *   that looks at undefined flags. What comes before it is asked again, as a test of its own.
 */
import { formatAnswer, type VectorAnswer, type VectorTest } from '../../src/cli/vectors-line.ts';
import type { VectorMachine } from '../../src/cli/vectors-machine.ts';
import { type Instruction, type NotAnInstruction, Reg } from '../../src/isa/instruction.ts';
import { Replay } from './replay.ts';
import { flagMask, hasUndefinedResult, undefinedAfter } from './undefined.ts';
import { RAM_BYTES } from './values.ts';

/** `same` to the last bit, or why not. */
export type Verdict = 'same' | 'undefined flags' | 'leaves RAM' | 'left out' | 'different';

/** A verdict with what led to it. */
export interface Judgement {
  readonly verdict: Verdict;
  /** Why it was left out; else empty. */
  readonly reason: string;
  /** The line that ours answers. */
  readonly here: string;
  /** What of a test left out can still be compared. */
  readonly rest?: VectorTest;
}

/** What there is to know of the other processor. */
export interface Other {
  /** It is of the family whose undefined flags ours has taken over. */
  readonly exact: boolean;
  /** Why it cannot be asked about an instruction; undefined if it can. */
  hindrance(found: Instruction | NotAnInstruction, bytes: Uint8Array): string | undefined;
}

/** What ends the comparison before step `step` (1 is the first) is done. */
interface Obstacle {
  readonly step: number;
  readonly reason: string;
}

const OVERWRITES_ITSELF = 'a repeated instruction overwrites itself';

/** Steps of such an instruction, when each iteration is one. */
const ITERATIONS = 40;

/** What enter and pusha may have written below esp when they find that they leave RAM. */
const LARGEST_FRAME = 4 * 32;

/** What popa may have loaded when it finds that the rest lies outside RAM. */
const POPPED = / eax=\w+ ecx=\w+ edx=\w+ ebx=\w+| ebp=\w+ esi=\w+ edi=\w+/g;

/** Holds a machine of ours against what another processor answered. */
export class Judge {
  readonly #machine: VectorMachine;
  readonly #replay: Replay;
  readonly #other: Other;

  constructor(machine: VectorMachine, background: Uint8Array, other: Other) {
    this.#machine = machine;
    this.#replay = new Replay(machine, background);
    this.#other = other;
  }

  /** Runs `test` here and compares with the line that the other processor answered to `id`. */
  judge(id: string, test: VectorTest, other: string): Judgement {
    const here = formatAnswer(id, this.#machine.run(test));
    if (here === other) return { verdict: 'same', reason: '', here };
    const found = this.#undefined(test);
    const flags = typeof found === 'number' ? found : 0;
    if (this.#leavesRam(id, test, other)) return { verdict: 'leaves RAM', reason: '', here };
    if (typeof found === 'object') return leftOut(test, found, here);
    const equal = masked(here, flags) === masked(other, flags);
    return { verdict: equal ? 'undefined flags' : 'different', reason: '', here };
  }

  /** What is known of `test` without asking a processor that might not survive it, if it is. */
  beforehand(test: VectorTest): Judgement | undefined {
    const answer = this.#machine.run(test);
    const here = formatAnswer('-', answer);
    if (this.#machine.touchedOutside || answer.eip >= RAM_BYTES)
      return { verdict: 'leaves RAM', reason: '', here };
    const found = answer.fault === '-' ? 0 : this.#undefined(test);
    return typeof found === 'object' ? leftOut(test, found, here) : undefined;
  }

  /**
   * Whether the other processor has stopped, as it must, before an instruction that leaves RAM
   * here, in the same state.
   */
  #leavesRam(id: string, test: VectorTest, other: string): boolean {
    const found = /^R \S+ n=(\w+) fault=(?:GP|SS) err=0 .* ecx=(\w+) /.exec(other);
    if (!found) return false;
    const [retired, ecx] = found.slice(1).map((text) => Number.parseInt(text, 16));
    if (retired! >= test.steps) return false;
    const point = this.#replay.stopped(test, retired!, ecx!);
    const { answer, outside } = point;
    if (answer.fault !== '-' || answer.retired !== retired || outside) return false;
    if (!this.#replay.leaves(point)) return false;
    const flags = this.#undefined({ ...test, steps: retired! });
    if (typeof flags === 'object') return false;
    const expected = masked(formatAnswer(id, answer), flags);
    const actual = masked(other.replace(/ fault=\w+ err=0/, ' fault=-'), flags);
    if (expected === actual) return true;
    const mnemonic = this.#replay.next(point).instruction.row?.mnemonic;
    if (mnemonic === 'popa') return expected.replace(POPPED, '') === actual.replace(POPPED, '');
    const pushes = mnemonic === 'enter' || mnemonic === 'pusha';
    return pushes && equalButFrame(expected, actual, answer);
  }

  /** The flags that are undefined at the end of `test`, or what keeps it from being compared. */
  #undefined(test: VectorTest): number | Obstacle {
    let letters = '';
    let point = this.#replay.after(test, 0);
    for (let step = 1; ; step++) {
      const { instruction, bytes } = this.#replay.next(point);
      const ended = step > test.steps || point.answer.fault !== '-';
      // A fault has not executed what lies there, or it is the fault of what lies there.
      if (step > test.steps || (ended && instruction.row !== undefined)) break;
      const reason = this.#other.hindrance(instruction, bytes);
      if (reason) return { step, reason };
      if (instruction.row === undefined) break;
      const { row, repeat } = instruction;
      if (row.mnemonic === 'popf' && step > 1) return { step, reason: 'popf of any flags' };
      if ([...row.tests].some((letter) => letters.includes(letter)))
        return { step, reason: 'undefined flags are looked at' };
      const { eip, registers } = point.answer;
      const cl = registers[Reg.Ecx]! & 0xff;
      if (!this.#other.exact && hasUndefinedResult(instruction, cl))
        return { step, reason: 'an undefined result' };
      point = this.#replay.after(test, step);
      const over = repeat && overlaps(point.answer.memory, eip, instruction.length);
      if (over && test.repeatsCountOnce) return { step, reason: OVERWRITES_ITSELF };
      const fine = !this.#other.exact && point.answer.fault === '-';
      if (fine) letters = undefinedAfter(instruction, letters, cl);
    }
    return flagMask(letters);
  }
}

function leftOut(test: VectorTest, { step, reason }: Obstacle, here: string): Judgement {
  const left = { verdict: 'left out', reason, here } as const;
  if (reason === OVERWRITES_ITSELF && step === 1)
    return { ...left, rest: { ...test, repeatsCountOnce: false, steps: ITERATIONS } };
  return step > 1 ? { ...left, rest: { ...test, steps: step - 1 } } : left;
}

/** A line without the flags in `flags`. */
function masked(line: string, flags: number): string {
  if (flags === 0) return line;
  return line.replace(/ efl=(\w+)/, (_, efl: string) => {
    return ` efl=${(Number.parseInt(efl, 16) & ~flags).toString(16)}`;
  });
}

/** Whether two lines differ in nothing but bytes that pushes may have written below esp. */
function equalButFrame(expected: string, actual: string, { registers }: VectorAnswer): boolean {
  const esp = registers[Reg.Esp]!;
  const outside = (line: string): string[] => {
    const [rest, runs = ''] = line.split(' mem=');
    const bytes = runs.split(',').flatMap((run) => {
      const [address, digits = ''] = run.split(':');
      const first = Number.parseInt(address!, 16);
      const pairs = digits.match(/../g) ?? [];
      return pairs.map((pair, i) => [first + i, pair] as const);
    });
    const kept = bytes.filter(([at]) => at >= esp || at < esp - LARGEST_FRAME);
    return [rest!, ...kept.map(([at, byte]) => `${at}:${byte}`)];
  };
  return outside(expected).join() === outside(actual).join();
}

function overlaps(runs: VectorAnswer['memory'], from: number, length: number): boolean {
  return runs.some((run) => run.address < from + length && from < run.address + run.bytes.length);
}
