/**
 * The processor against the one that runs this test: generated tests (series.ts), executed by both,
 * compared to the last bit of registers, memory, flags and exceptions. VMFT_ORACLE says how many,
 * or each run of VMFT_RUNS adds as many others; VMFT_SEED names the first series.
 */
import { afterAll, expect, it } from 'vitest';
import { describeUnless } from '../support/tools.ts';
import { amount, campaign } from './campaign.ts';
import { nativeProcessor, whyNot } from './harness.ts';

/** Tests of one run. */
const TESTS = 20_000;

/** Milliseconds for each test on a slow machine. */
const PATIENCE_MS = 1;

describeUnless(whyNot(nativeProcessor), 'the real processor', () => {
  const native = nativeProcessor();
  afterAll(() => native.close());
  const first = Number(process.env.VMFT_SEED ?? 1);

  const total = amount(TESTS, 1);
  const patience = 60_000 + total * PATIENCE_MS;

  it(
    'leaves the same registers, memory, flags and exceptions after every generated test',
    () => {
      const tally = campaign(native, first, total);
      if (process.env.VMFT_RUNS || process.env.VMFT_ORACLE) console.log(tally.report());
      expect(tally.differences.slice(0, 10).join('\n')).toBe('');
      expect(tally.share('same') + tally.share('undefined flags')).toBeGreaterThan(0.8);
      expect(tally.share('left out')).toBeLessThan(0.02);
      expect(tally.neverCompared).toEqual([]);
      expect([...tally.unnamedFaults]).toEqual([]);
      expect(tally.neverRaised).toEqual([]);
    },
    patience,
  );
});
