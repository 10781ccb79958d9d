/** What a primary measures of its channel. */
import { expect, it } from 'vitest';
import { ack, type Bench, frame, greetedPrimary, marker, sliced } from './bench.ts';

const US = 1000;

/** Has the guest make output `number`, which is sent at once, and the backup answer after `us`. */
function trip(bench: Bench, number: number, us: number): number {
  bench.give(sliced(100 * (number + 1), [marker(number, 100 * (number + 1), number)], [frame(1)]));
  bench.nowNs += us * US;
  bench.hear(ack(bench.state.window.nextBatch - 1, number + 1));
  return bench.state.window.trip.ns;
}

it('is the time from a batch to its acknowledgement, smoothed by an eighth', () => {
  const bench = greetedPrimary();
  expect(trip(bench, 0, 300)).toBe(300 * US);
  expect(trip(bench, 1, 1100)).toBe(400 * US);
});

it('is measured of one batch at a time, and ends with its acknowledgement or a later one', () => {
  const bench = greetedPrimary();
  bench.give(sliced(100, [marker(0, 100, 0)], [frame(1)]));
  bench.nowNs += 100 * US;
  bench.give(sliced(200, [marker(1, 200, 1)], [frame(1)]));
  bench.nowNs += 100 * US;
  bench.hear(ack(bench.state.window.nextBatch - 1, 2));
  expect(bench.state.window.trip.ns).toBe(200 * US);
});
