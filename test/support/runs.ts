/**
 * How often a property is tried. VMFT_RUNS in the environment multiplies every number (1 by
 * default), so that the long checks are the same tests, run more often.
 */

const factor = Number(process.env.VMFT_RUNS || 1);
if (!(factor > 0)) throw new Error(`VMFT_RUNS must be a positive number: ${process.env.VMFT_RUNS}`);

/** Whether the long checks run: what takes long and what has been seen often is done too. */
export const isLong = factor >= 3;

/** `usual` times the factor, at least 1; `short` instead of it where the checks are short. */
export function runs(usual: number, short = usual): number {
  return Math.max(1, Math.round((isLong ? usual : short) * factor));
}

/**
 * How often something costly is done, by the length of the checks: in `npm test`, in `.ci/run`
 * (VMFT_RUNS=5), and in `npm run soak` (VMFT_RUNS=10, and in proportion beyond).
 */
export function runsByLength(usual: number, long: number, soak: number): number {
  if (factor >= 10) return Math.round((soak * factor) / 10);
  return isLong ? long : usual;
}
