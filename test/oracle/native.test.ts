/**
 * The processor against the one that runs this test: generated tests (generator.ts), executed by
 * both, compared to the last bit of registers, memory, flags and exceptions. Each run of VMFT_RUNS
 * adds as many others; VMFT_SEED names the first series.
 */
import { readFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { toHex } from '../../src/base/digest.ts';
import { formatTest } from '../../src/cli/vectors-line.ts';
import { VectorMachine } from '../../src/cli/vectors-machine.ts';
import { runs } from '../support/runs.ts';
import { describeUnless } from '../support/tools.ts';
import { background, type Generated, ROWS, tests } from './generator.ts';
import { NativeProcessor, whyNotNative } from './native.ts';
import { RAM_BYTES } from './values.ts';
import { Judge, type Verdict } from './verdict.ts';

/** Tests of one series. */
const SERIES = 20_000;

/** Processors whose undefined flags are ours: AMD's family 26. */
function hasOurUndefinedFlags(): boolean {
  const text = readFileSync('/proc/cpuinfo', 'latin1');
  return /AuthenticAMD/.test(text) && /cpu family\s*: 26\b/.test(text);
}

const take = (count: number, all: Iterable<Generated>): Generated[] => {
  const taken: Generated[] = [];
  for (const one of all) {
    taken.push(one);
    if (taken.length === count) break;
  }
  return taken;
};

describeUnless(whyNotNative(), 'the real processor', () => {
  const native = new NativeProcessor(RAM_BYTES);
  afterAll(() => native.close());
  const first = Number(process.env.VMFT_SEED ?? 1);
  const exact = hasOurUndefinedFlags();

  it('leaves the same registers, memory, flags and exceptions after every generated test', () => {
    const verdicts = new Map<Verdict, number>();
    const compared = new Map(ROWS.map((row) => [row.id, 0]));
    const differences: string[] = [];
    const total = runs(SERIES);
    for (let done = 0, seed = first; done < total; done += SERIES, seed++) {
      const ram = background(seed);
      const machine = new VectorMachine(RAM_BYTES);
      machine.setBackground([{ address: 0, bytes: ram }]);
      const judge = new Judge(machine, ram, exact);
      const series = take(Math.min(SERIES, total - done), tests(seed));
      const lines = series.map(({ test }, n) => formatTest(n.toString(16), test));
      const answers = native.ask(`B mem=0:${toHex(ram)}`, lines);
      for (const [n, { test, instructions }] of series.entries()) {
        const { verdict, here } = judge.judge(n.toString(16), test, answers[n]!);
        verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
        if (verdict === 'same' || verdict === 'undefined flags')
          for (const { row } of instructions) compared.set(row.id, compared.get(row.id)! + 1);
        if (verdict !== 'different') continue;
        const names = instructions.map(({ row }) => row.mnemonic).join(' ');
        differences.push(`VMFT_SEED=${seed}, ${names}\n${lines[n]}\n${here}\n${answers[n]}`);
      }
    }
    const share = (verdict: Verdict): number => (verdicts.get(verdict) ?? 0) / total;
    if (process.env.VMFT_RUNS) console.log(Object.fromEntries(verdicts));
    expect(differences.slice(0, 10).join('\n')).toBe('');
    expect(share('same') + share('undefined flags')).toBeGreaterThan(0.85);
    expect(share('left out')).toBeLessThan(0.01);
    const never = ROWS.filter((row) => compared.get(row.id) === 0);
    expect(never.map(({ mnemonic, operands }) => `${mnemonic} ${operands.join()}`)).toEqual([]);
  });
});
