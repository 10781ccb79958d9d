/**
 * A host's clock. It starts at an offset and drifts; the world's own time is what a perfect clock
 * would show. Whole nanoseconds.
 */

/** How a host's clock differs from the world's time. */
export interface ClockSpec {
  /** What the clock shows at world time 0, in ns, ≥ 0. */
  readonly offsetNs: number;
  /** Parts per million by which it runs fast (or, negative, slow); above −1,000,000. */
  readonly driftPpm: number;
}

/** A clock that shows world time. */
export const TRUE_CLOCK: ClockSpec = Object.freeze({ offsetNs: 0, driftPpm: 0 });

/** What the clock shows at world time `worldNs`. */
export function clockAt({ offsetNs, driftPpm }: ClockSpec, worldNs: number): number {
  return driftPpm === 0
    ? offsetNs + worldNs
    : offsetNs + Math.floor(worldNs * (1 + driftPpm / 1_000_000));
}

/** The first world time at which the clock shows `hostNs` or more. */
export function worldTimeOf(spec: ClockSpec, hostNs: number): number {
  let worldNs = Math.max(0, Math.floor((hostNs - spec.offsetNs) / (1 + spec.driftPpm / 1_000_000)));
  while (clockAt(spec, worldNs) < hostNs) worldNs++;
  return worldNs;
}
