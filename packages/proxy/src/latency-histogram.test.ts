import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLatencyHistogram } from './latency-histogram.ts';

const ticksPerMs = 250;

/** The value at the share, as who reads the list finds it. */
function quantileOf(list: [number, number][], share: number): number {
  const total = list.reduce((sum, [, count]) => sum + count, 0);
  let left = Math.max(1, Math.ceil(total * share));
  for (const [milliseconds, count] of list) {
    left -= count;
    if (left <= 0) return milliseconds;
  }
  return Number.NaN;
}

test('percentiles are off by less than 5 %, for latencies of any kind', () => {
  // From 0.2 ms, below which the tick of the clock is coarser than the buckets, to 15 minutes.
  const latency = fc.double({ min: Math.log(0.2), max: Math.log(900_000), noNaN: true });
  fc.assert(
    fc.property(fc.array(latency, { minLength: 1, maxLength: 300 }), (logarithms) => {
      const times = logarithms.map(Math.exp).sort((a, b) => a - b);
      const histogram = createLatencyHistogram();
      for (const milliseconds of times) histogram.add(Math.floor(milliseconds * ticksPerMs));
      for (const share of [0.5, 0.9, 0.99]) {
        const exact = times[Math.max(0, Math.ceil(times.length * share) - 1)] ?? Number.NaN;
        const found = quantileOf(histogram.list(), share);
        expect(Math.abs(found - exact) / exact).toBeLessThan(0.05);
      }
    }),
  );
});

test('buckets rise, and hold all that was added', () => {
  const ticks = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 500 });
  fc.assert(
    fc.property(ticks, (all) => {
      const histogram = createLatencyHistogram();
      for (const one of all) histogram.add(one);
      const list = histogram.list();
      expect(list.reduce((sum, [, count]) => sum + count, 0)).toBe(all.length);
      const middles = list.map(([milliseconds]) => milliseconds);
      expect(middles).toEqual([...new Set(middles)].sort((a, b) => a - b));
    }),
  );
});

test('what is longer than the longest bucket is in it', () => {
  const histogram = createLatencyHistogram();
  histogram.add(2 ** 32 - 1);
  const [[milliseconds = 0, count] = []] = histogram.list();
  expect(count).toBe(1);
  expect(milliseconds).toBeGreaterThan(1_000_000);
});
