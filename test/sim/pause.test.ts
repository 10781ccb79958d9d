/**
 * The pause of FT VMotion [P §3.1], exactly: a guest that writes to memory as fast as it can, and
 * prints now and then, is moved to a standby. Its outputs wait no longer than the setting allows,
 * or it is not moved and the trace says why.
 */
import { describe, expect, it } from 'vitest';
import type { FaultSpec } from '../../src/sim/faults.ts';
import { machineParts } from '../../src/sim/guest.ts';
import { runWorld } from '../../src/sim/run.ts';
import { parseScenario } from '../../src/sim/scenario.ts';
import type { World } from '../../src/sim/world.ts';
import { assembleSource } from '../support/assemble.ts';
import { hasher } from '../support/hasher.ts';

const MS = 1_000_000;
const PAGES = 64;
/** All pages are written to in 25.7 µs, so that every round has them all; then a dot is printed. */
const GUEST = `
        bits 32
        org 0x100000
sweeps: mov ebx, 50
sweep:  mov ecx, ${PAGES}
        mov edi, 0x200000
touch:  inc dword [edi]
        add edi, 4096
        dec ecx
        jnz touch
        dec ebx
        jnz sweep
        mov dx, 0x3f8
        mov al, '.'
        out dx, al
        jmp sweeps
`;
/** Time between two dots, and what a stretch of execution may add to it. */
const PERIOD_NS = 1.3 * MS;
const STRETCH_NS = MS;

/** The channel carries 20 kB in a millisecond: a round of all pages takes 13.1 ms and the delay. */
const TEXT = `
name: pause
hosts: [alpha, beta, gamma]
guest: { image: toucher }
network: { channel-rate: 20M, channel: 200us }
limits: { piece: 4K }
faults: [{ at: { time: 5ms }, crash: beta }]
safety: 240ms
liveness: 1ms
`;
const ROUND_NS = 13.1 * MS;
const TRIP_NS = 0.4 * MS;
const PARTS = { ...machineParts(() => assembleSource(GUEST), hasher) };

function move(pauseNs: number, faults: readonly FaultSpec[] = []): World {
  const scenario = parseScenario(TEXT, 'pause.yaml');
  const limits = { ...scenario.limits, pauseNs };
  const world = runWorld({ ...scenario, limits, faults: [...scenario.faults, ...faults] }, PARTS);
  expect(world.state.violations).toEqual([]);
  return world;
}

/** The longest time between two dots, from the first clone's beginning to 50 ms after its end. */
function longestGap({ state }: World): number {
  const [{ beganNs, end }] = state.protections as [World['state']['protections'][number]];
  const dots = state.observations.map(({ timeNs }) => timeNs);
  const seen = dots.filter((ns) => ns >= beganNs && ns <= end!.atNs + 50 * MS);
  return Math.max(...seen.slice(1).map((ns, index) => ns - seen[index]!));
}

const ends = ({ state }: World) => state.protections.map(({ end }) => end?.news);

describe('a guest that writes to memory at full speed', () => {
  it.each([16, 50, 300])('is moved where its outputs may wait for %i ms', (pauseMs) => {
    const world = move(pauseMs * MS);
    const [news] = ends(world);
    expect(news).toMatchObject({ what: 'protected', rounds: 2 });
    const { pauseNs } = news as { pauseNs: number };
    expect(pauseNs).toBeGreaterThan(ROUND_NS);
    expect(pauseNs).toBeLessThanOrEqual(pauseMs * MS);
    expect(longestGap(world)).toBeLessThan(pauseNs + PERIOD_NS + STRETCH_NS);
  });

  it.each([1, 13])('is refused by name where they may wait for %i ms', (pauseMs) => {
    const world = move(pauseMs * MS);
    const [first, second] = world.state.protections;
    expect(first!.end!.news).toEqual({ what: 'given-up', reason: 'too-dirty' });
    expect(world.host('alpha').replica.role).toBe('alone');
    const rounds = world.scenario.limits.cloneRounds;
    const tookNs = first!.end!.atNs - first!.beganNs;
    expect(tookNs / rounds).toBeGreaterThan(ROUND_NS);
    expect(tookNs / (rounds + 1)).toBeLessThan(ROUND_NS + 3 * TRIP_NS + STRETCH_NS);
    const { failureTimeoutNs, heartbeatNs } = world.scenario.timing;
    const laterNs = second!.beganNs - first!.end!.atNs;
    expect(laterNs).toBeGreaterThanOrEqual(failureTimeoutNs);
    expect(laterNs).toBeLessThan(failureTimeoutNs + heartbeatNs);
    expect(longestGap(world)).toBeLessThan(PERIOD_NS + STRETCH_NS);
    const texts = world.state.trace.map(({ text }) => text);
    expect(texts).toContain('gives up the clone to gamma: too-dirty');
  });

  it('waits no longer where the channel becomes slow meanwhile: it is given up in time', () => {
    const pauseNs = 30 * MS;
    const { end } = move(pauseNs).state.protections[0]!;
    const heldNs = end!.atNs - (end!.news as { pauseNs: number }).pauseNs;
    for (let afterMs = 1; afterMs <= 12; afterMs += 5) {
      const at = { on: 'time', timeNs: heldNs + afterMs * MS } as const;
      const action = { do: 'delay', between: ['alpha', 'gamma'], delayNs: 40 * MS } as const;
      const world = move(pauseNs, [{ at, action }]);
      expect(ends(world)[0]).toEqual({ what: 'given-up', reason: 'pause-too-long' });
      expect(longestGap(world)).toBeLessThan(pauseNs + PERIOD_NS + STRETCH_NS);
      expect(world.host('alpha').replica.role).toBe('alone');
    }
  });
});
