/** The small parts of a world: queue, clocks, links, timeline. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clockAt, worldTimeOf } from '../../src/sim/clock.ts';
import { arrive, joinLink, linkName, sendStream } from '../../src/sim/links.ts';
import { pop, push, type Scheduled } from '../../src/sim/queue.ts';
import { newWorld } from '../../src/sim/run.ts';
import { timeline } from '../../src/sim/timeline.ts';
import { toyParts, toyScenario } from './toy-scenario.ts';

describe('the event queue', () => {
  it('gives events in order of time, and equal times in the order of scheduling', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), (times) => {
        const heap: Scheduled<number>[] = [];
        for (const [sequence, atNs] of times.entries()) {
          push(heap, { atNs, sequence, event: sequence });
        }
        const sorted = times.map((atNs, event) => ({ atNs, event }));
        sorted.sort((a, b) => a.atNs - b.atNs || a.event - b.event);
        expect(times.map(() => pop(heap)!.event)).toEqual(sorted.map(({ event }) => event));
        expect(pop(heap)).toBeUndefined();
      }),
    );
  });
});

describe('a clock', () => {
  it('shows a time first at the world time that is asked for it', () => {
    const spec = fc.record({
      offsetNs: fc.nat(1e9),
      driftPpm: fc.integer({ min: -1e5, max: 1e5 }),
    });
    fc.assert(
      fc.property(spec, fc.nat(1e10), (clock, hostNs) => {
        const worldNs = worldTimeOf(clock, hostNs);
        expect(clockAt(clock, worldNs)).toBeGreaterThanOrEqual(hostNs);
        if (worldNs > 0) expect(clockAt(clock, worldNs - 1)).toBeLessThan(hostNs);
      }),
    );
  });
});

describe('a stream', () => {
  it('keeps its order through any cuts and changes of delay, and loses nothing', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('send' as const) }),
      fc.record({ do: fc.constant('cut' as const) }),
      fc.record({ do: fc.constant('join' as const) }),
      fc.record({ do: fc.constant('delay' as const), ns: fc.nat(100) }),
      fc.record({ do: fc.constant('wait' as const), ns: fc.nat(100) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = newWorld(toyScenario(1), toyParts());
        const name = linkName('alpha', 'beta');
        const link = world.link(name);
        world.state.queue = [];
        const got: number[] = [];
        const take = (untilNs: number): void => {
          while (world.state.queue[0] && world.state.queue[0].atNs <= untilNs) {
            const { atNs, event } = pop(world.state.queue)!;
            world.state.nowNs = atNs;
            const payload = event.kind === 'arrival' ? arrive(world, event) : undefined;
            if (payload?.kind === 'fault') got.push(payload.index);
          }
        };
        let sent = 0;
        for (const one of steps) {
          if (one.do === 'send') sendStream(world, name, { kind: 'fault', index: sent++ });
          else if (one.do === 'delay') link.delayNs = one.ns;
          else if (one.do === 'wait') {
            take(world.state.nowNs + one.ns);
            world.state.nowNs += one.ns;
          } else if (one.do === 'cut') link.cut = true;
          else joinLink(world, name);
        }
        joinLink(world, name);
        take(Number.POSITIVE_INFINITY);
        expect(got).toEqual(Array.from({ length: sent }, (_, index) => index));
      }),
    );
  });
});

describe('a timeline', () => {
  it('has a column for each part of the world, in the order in which they come', () => {
    const trace = [
      { timeNs: 1_234_567, column: 'alice', text: 'asks' },
      { timeNs: 2_000_000, column: 'alpha', text: 'releases' },
      { timeNs: 2_000_000, column: 'alice', text: 'is told' },
    ];
    expect(timeline(trace)).toEqual({
      columns: ['alice', 'alpha'],
      lines: [
        { time: '1.235', column: 'alice', text: 'asks', routine: false },
        { time: '2.000', column: 'alpha', text: 'releases', routine: false },
        { time: '2.000', column: 'alice', text: 'is told', routine: false },
      ],
    });
  });
});
