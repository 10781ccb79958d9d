/** Before every test file: VMFT_RUNS also multiplies the runs of properties that name no number. */
import { runs } from './runs.ts';

if (process.env.VMFT_RUNS) {
  const { configureGlobal } = await import('fast-check');
  configureGlobal({ numRuns: runs(100) });
}
