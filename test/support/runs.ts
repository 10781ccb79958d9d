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
