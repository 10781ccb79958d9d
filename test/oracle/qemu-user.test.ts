/**
 * The processor against the emulator qemu-i386, by the same tests as the real one: undefined flags
 * aside, and without what that emulator does otherwise than the manual (qemu-deviations.ts). A
 * twentieth of VMFT_ORACLE, or as many others for each run of VMFT_RUNS; VMFT_SEED names the first
 * series.
 */
import { afterAll, expect, it } from 'vitest';
import { describeUnless } from '../support/tools.ts';
import { amount, campaign } from './campaign.ts';
import { qemuUser, whyNot } from './harness.ts';

/** Tests of one run. */
const TESTS = 4000;

describeUnless(whyNot(qemuUser), 'qemu-i386', () => {
  const qemu = qemuUser();
  afterAll(() => qemu.close());
  const first = Number(process.env.VMFT_SEED ?? 1);

  it('leaves the same registers, memory, defined flags and exceptions after every test', () => {
    const tally = campaign(qemu, first, amount(TESTS, 20));
    if (process.env.VMFT_RUNS || process.env.VMFT_ORACLE) console.log(tally.report());
    expect(tally.differences.slice(0, 10).join('\n')).toBe('');
    expect(tally.share('same') + tally.share('undefined flags')).toBeGreaterThan(0.7);
    expect(tally.share('left out')).toBeLessThan(0.15);
  });
});
