/**
 * How often a property is tried. VMFT_RUNS in the environment multiplies every number (1 by
 * default), so that the long checks are the same tests, run more often.
 */

const factor = Number(process.env.VMFT_RUNS || 1);
if (!(factor > 0)) throw new Error(`VMFT_RUNS must be a positive number: ${process.env.VMFT_RUNS}`);

/** `usual` times the factor, at least 1. */
export function runs(usual: number): number {
  return Math.max(1, Math.round(usual * factor));
}

/** Whether the long checks run: what takes long and what has been seen often is done too. */
export const isLong = factor >= 3;

/**
 * How often something costly is done, by the length of the checks: in `npm test`, in `.ci/run`
 * (VMFT_RUNS=5), and in `npm run soak` (VMFT_RUNS=10, and in proportion beyond).
 */
export function runsByLength(usual: number, long: number, soak: number): number {
  if (factor >= 10) return Math.round((soak * factor) / 10);
  return isLong ? long : usual;
}
