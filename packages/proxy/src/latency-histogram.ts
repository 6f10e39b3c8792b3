/**
 * How often something took how long, from 4 microseconds to 18 minutes, in buckets that are at most
 * a 32nd of their value wide: what is read from it is off by less than 2 %, where the clock's own
 * tick is not more than that (below 0.2 ms). Adding to it allocates nothing.
 */
export interface LatencyHistogram {
  /** `ticks`: of `clockTicks`, as an integer from 0; what is longer than the last bucket is in it. */
  add(ticks: number): void;
  /** The middles of the buckets that have any, in milliseconds and rising, with their counts. */
  list(): [milliseconds: number, count: number][];
}

/** A tick is 4 microseconds. */
const ticksPerMs = 250;
/** Each doubling has 32 buckets; the first 32 ticks have one each. */
const bits = 5;
const perDoubling = 1 << bits;
const longest = 2 ** 28 - 1;
const bucketCount = (28 - bits + 1) * perDoubling;

/**
 * The time as an integer of 32 bits, which V8 keeps without allocating. It comes round after 4.8
 * hours, so only differences mean anything, and only through `elapsed`.
 */
export function clockTicks(): number {
  return (performance.now() * ticksPerMs) | 0;
}

/** Ticks from `begun` until now. */
export function elapsed(begun: number): number {
  return (clockTicks() - begun) >>> 0;
}

export function createLatencyHistogram(): LatencyHistogram {
  // Doubles, as 32 bits would overflow within weeks.
  const counts = new Float64Array(bucketCount);
  return {
    add(ticks) {
      const index = indexOf(ticks > longest ? longest : ticks);
      counts[index] = (counts[index] ?? 0) + 1;
    },
    list() {
      const found: [number, number][] = [];
      for (let index = 0; index < bucketCount; index += 1) {
        const count = counts[index] ?? 0;
        if (count > 0) found.push([middleOf(index), count]);
      }
      return found;
    },
  };
}

function indexOf(ticks: number): number {
  if (ticks < perDoubling) return ticks;
  const shift = 31 - Math.clz32(ticks) - bits;
  return (shift + 1) * perDoubling + (ticks >> shift) - perDoubling;
}

function middleOf(index: number): number {
  const doubling = index >> bits;
  if (doubling === 0) return (index + 0.5) / ticksPerMs;
  const width = 2 ** (doubling - 1);
  return (((index & (perDoubling - 1)) + perDoubling + 0.5) * width) / ticksPerMs;
}
