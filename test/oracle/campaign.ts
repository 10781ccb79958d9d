/**
 * A campaign: series of generated tests, put to another processor and to ours, judged one by one
 * and counted. Whatever is left out of a comparison is counted by its reason.
 */
import { toHex } from '../../src/base/digest.ts';
import { formatTest, type VectorTest } from '../../src/cli/vectors-line.ts';
import { VectorMachine } from '../../src/cli/vectors-machine.ts';
import { faultsOf } from '../../src/isa/faults.ts';
import { TABLE } from '../../src/isa/table.ts';
import { runs } from '../support/runs.ts';
import type { Generated } from './generator.ts';
import { ROWS, whyLeftOut } from './rows.ts';
import { background, tests } from './series.ts';
import { RAM_BYTES } from './values.ts';
import { Judge, type Judgement, type Other, type Verdict } from './verdict.ts';

/** Bytes of the longest instruction. */
const LONGEST = 15;

/** Tests of one series. */
const SERIES = 20_000;

/**
 * How many tests to put: what VMFT_ORACLE in the environment says, divided by `part`, or `usual`
 * for each run of VMFT_RUNS.
 */
export function amount(usual: number, part: number): number {
  const all = Number(process.env.VMFT_ORACLE ?? 0);
  return all > 0 ? Math.ceil(all / part) : runs(usual);
}

/** Another processor behind the lines of `vmft vectors`. */
export interface Oracle extends Other {
  /** The answers to `lines`, T lines all; `before` is a B line. */
  ask(before: string, lines: readonly string[]): string[];
  /** It survives neither tests that leave RAM nor all that is no instruction. */
  readonly unbounded: boolean;
}

/** One test on its way: the rest of a test that was left out is put again under its name. */
interface Question {
  readonly name: string;
  readonly test: VectorTest;
  readonly made: Generated;
}

const add = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

/** The rows that are not tested: their mnemonics, by the reason. */
function leftOut(): ReadonlyMap<string, string> {
  const names = new Map<string, string[]>();
  for (const row of TABLE) {
    const why = whyLeftOut(row);
    if (why) names.set(why, [...(names.get(why) ?? []), row.mnemonic]);
  }
  return new Map([...names].map(([why, all]) => [`${why}:`, [...new Set(all)].join(' ')] as const));
}

/** Whether the code of `test` changes: a repeated instruction may go on as another one. */
function overwritesItself({ eip }: VectorTest, answer: string): boolean {
  const runs = [...answer.matchAll(/[=,]([0-9a-f]+):([0-9a-f]+)/g)];
  return runs.some(([, address, bytes]) => {
    const from = Number.parseInt(address!, 16);
    return from < eip + LONGEST && from + bytes!.length / 2 > eip;
  });
}

/** What came of a campaign. */
export class Tally {
  readonly verdicts = new Map<Verdict, number>();
  /** Reasons of what was left out. */
  readonly reasons = new Map<string, number>();
  /** Compared tests by what they aim at. */
  readonly aims = new Map<string, number>();
  /** Compared tests that hold an instruction of the row. */
  readonly rows = new Map(ROWS.map((row) => [row.id, 0]));
  /** Exceptions that a single instruction of a row raised, `mnemonic: name`; each once. */
  readonly faults = new Set<string>();
  /** Exceptions among them that the instruction set does not name for the row. */
  readonly unnamedFaults = new Set<string>();
  /** Tests without a good reason to differ: how to see them again, and both answers. */
  readonly differences: string[] = [];
  /** Rests of tests that were left out, put again. */
  rests = 0;

  /** Counts a test that was compared to its end. */
  compared({ aim, instructions: all, test }: Generated, answer: string): void {
    add(this.aims, aim);
    for (const { row } of all) this.rows.set(row.id, this.rows.get(row.id)! + 1);
    const [, retired, fault] = /n=(\w+) fault=([A-Z]+)/.exec(answer) ?? [];
    if (!fault || aim !== 'one instruction') return;
    // A trap counts as retired; a fault of what comes behind it says nothing about this row.
    if (retired !== (/^(BP|OF|DB)$/.test(fault) ? '1' : '0')) return;
    const { row } = all[0]!;
    // int 3 and int 4 have gates that a process may use; they are no exceptions.
    if (row.mnemonic === 'int' && retired === '1') return;
    if (overwritesItself(test, answer)) return;
    this.faults.add(`${row.mnemonic}: ${fault}`);
    if (!faultsOf(row).includes(fault))
      this.unnamedFaults.add(`${row.mnemonic} ${row.operands.join()}: ${fault}`);
  }

  /** Tests put, without rests. */
  get total(): number {
    return [...this.verdicts.values()].reduce((sum, n) => sum + n, 0) - this.rests;
  }

  /** Share of all tests put. */
  share(verdict: Verdict): number {
    return (this.verdicts.get(verdict) ?? 0) / (this.total + this.rests);
  }

  /** Rows that no compared test held, as text. */
  get neverCompared(): string[] {
    const never = ROWS.filter((row) => this.rows.get(row.id) === 0);
    return never.map(({ mnemonic, operands }) => `${mnemonic} ${operands.join()}`);
  }

  /** Faults and traps that the instruction set names and no compared test has raised. */
  get neverRaised(): string[] {
    // #GP is for stores through cs, too rare to be asked of each row, and #GP and #NP for gates.
    const named = ROWS.flatMap((row) => {
      const faults = faultsOf(row).filter((fault) => fault !== 'GP' && fault !== 'NP');
      return faults.map((fault) => `${row.mnemonic}: ${fault}`);
    });
    return [...new Set(named)].filter((one) => !this.faults.has(one));
  }

  /** All counts, on a few lines. */
  report(): string {
    const list = (counts: ReadonlyMap<string, number | string>): string =>
      [...counts].map(([key, n]) => `${key} ${n}`).join(', ');
    return [
      `${this.total} tests: ${list(this.verdicts)}`,
      `left out: ${list(this.reasons)}; ${this.rests} rests put again`,
      `aimed at: ${list(this.aims)}`,
      `rows never compared: ${this.neverCompared.length} of ${ROWS.length}`,
      `rows left out: ${list(leftOut())}`,
    ].join('\n');
  }
}

function take(count: number, all: Iterable<Generated>): Generated[] {
  const taken: Generated[] = [];
  for (const one of all) {
    taken.push(one);
    if (taken.length === count) break;
  }
  return taken;
}

/** Puts `total` tests to `oracle`, the first series of which `seed` names. */
export function campaign(oracle: Oracle, seed: number, total: number): Tally {
  const tally = new Tally();
  for (let done = 0, n = seed; done < total; done += SERIES, n++)
    putSeries(oracle, n, Math.min(SERIES, total - done), tally);
  return tally;
}

function putSeries(oracle: Oracle, seed: number, count: number, tally: Tally): void {
  const ram = background(seed);
  const machine = new VectorMachine(RAM_BYTES);
  machine.setBackground([{ address: 0, bytes: ram }]);
  const judge = new Judge(machine, ram, oracle);
  let questions: Question[] = take(count, tests(seed)).map((made, n) => {
    return { name: `VMFT_SEED=${seed} ${n}`, test: made.test, made };
  });
  while (questions.length > 0) {
    const rests: Question[] = [];
    const settle = (question: Question, { verdict, reason, rest }: Judgement): void => {
      add(tally.verdicts, verdict);
      if (reason) add(tally.reasons, reason);
      if (rest) rests.push({ ...question, test: rest });
    };
    const put = questions.filter((question) => {
      const known = oracle.unbounded ? judge.beforehand(question.test) : undefined;
      if (known) settle(question, known);
      return known === undefined;
    });
    const lines = put.map(({ test }, n) => formatTest(n.toString(16), test));
    const answers = oracle.ask(`B mem=0:${toHex(ram)}`, lines);
    for (const [n, question] of put.entries()) {
      const judgement = judge.judge(n.toString(16), question.test, answers[n]!);
      const { verdict, here } = judgement;
      settle(question, judgement);
      const { name, made } = question;
      if (verdict === 'different')
        tally.differences.push(`${name} ${made.aim}\n${lines[n]}\n${here}\n${answers[n]}`);
      if (verdict === 'same' || verdict === 'undefined flags') tally.compared(made, answers[n]!);
    }
    tally.rests += rests.length;
    questions = rests;
  }
}
