import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Taken, take, type Usage } from './gcra.ts';

const usual = { perMinute: 60, burst: 100 };
const noon = 1_763_985_600_000;

function burstOf(count: number, limit = usual, at = noon): Taken[] {
  let usage: Usage | undefined;
  return Array.from({ length: count }, () => {
    const result = take(usage, limit, at);
    usage = result.usage;
    return result.taken;
  });
}

const limits = fc.record({
  perMinute: fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 9_999_999 })),
  burst: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 9_999_999 })),
});
/** Milliseconds between one call and the next. */
const pauses = fc.array(fc.oneof(fc.constant(0), fc.nat(50), fc.nat(5_000), fc.nat(200_000)), {
  minLength: 1,
  maxLength: 200,
});

/** A bucket that is filled drop by drop, in whole numbers without any bound. */
function createBucket({ perMinute, burst }: typeof usual) {
  const token = 60_000n;
  const size = BigInt(burst) * token;
  let left = size;
  return {
    fill(ms: number) {
      left += BigInt(ms) * BigInt(perMinute);
      if (left > size) left = size;
    },
    take() {
      if (left < token) return false;
      left -= token;
      return true;
    },
    used: () => Number((size - left + token - 1n) / token),
  };
}

test('of a sudden burst the 15th has used 15, the 100th is allowed and the 101st refused', () => {
  const taken = burstOf(102);
  expect(taken[14]).toEqual({
    allowed: true,
    used: 15,
    resetAt: noon / 1000 + 15,
    retryAfter: 0,
  });
  expect(taken[99]).toMatchObject({ allowed: true, used: 100 });
  expect(taken[100]).toEqual({
    allowed: false,
    used: 100,
    resetAt: noon / 1000 + 100,
    retryAfter: 1,
  });
  // A refused call uses nothing.
  expect(taken[101]).toEqual(taken[100]);
});

test('a burst that takes some milliseconds counts the same', () => {
  let usage: Usage | undefined;
  let taken: Taken | undefined;
  for (let call = 0; call < 15; call += 1) ({ usage, taken } = take(usage, usual, noon + call));
  expect(taken).toMatchObject({ used: 15, resetAt: noon / 1000 + 15 });
});

test('it lets through what a token bucket lets through, and says how much is used', () => {
  fc.assert(
    fc.property(limits, pauses, (limit, gaps) => {
      const bucket = createBucket(limit);
      let usage: Usage | undefined;
      let now = noon;
      for (const gap of gaps) {
        now += gap;
        bucket.fill(gap);
        const result = take(usage, limit, now);
        usage = result.usage;
        expect(result.taken.allowed).toBe(bucket.take());
        expect(result.taken.used).toBe(bucket.used());
      }
    }),
  );
});

test('in no span of time it lets through more than the burst and what is refilled in it', () => {
  fc.assert(
    fc.property(limits, pauses, (limit, gaps) => {
      let usage: Usage | undefined;
      let now = noon;
      const through: number[] = [];
      for (const gap of gaps) {
        now += gap;
        const result = take(usage, limit, now);
        usage = result.usage;
        if (result.taken.allowed) through.push(now);
      }
      for (const [first, start] of through.entries()) {
        for (const [last, end] of through.entries()) {
          if (last < first) continue;
          const most = limit.burst + (limit.perMinute * (end - start)) / 60_000;
          expect(last - first + 1).toBeLessThanOrEqual(most);
        }
      }
    }),
    { numRuns: 30 },
  );
});

test('it is refilled when it says so, and the next one is allowed when it says so', () => {
  fc.assert(
    fc.property(limits, pauses, fc.nat(999), (limit, gaps, fraction) => {
      let usage: Usage | undefined;
      let now = noon + fraction;
      for (const gap of gaps) {
        now += gap;
        const { usage: after, taken } = take(usage, limit, now);
        usage = after;
        expect(taken.resetAt).toBeGreaterThanOrEqual(Math.ceil(now / 1000));
        expect(take(usage, limit, Math.max(taken.resetAt * 1000, now)).taken.used).toBe(1);
        expect(taken.retryAfter >= 1).toBe(!taken.allowed);
        if (taken.allowed) continue;
        expect(take(usage, limit, now + taken.retryAfter * 1000).taken.allowed).toBe(true);
        const sooner = (taken.retryAfter - 1) * 1000;
        expect(take(usage, limit, now + sooner).taken.allowed).toBe(false);
      }
    }),
  );
});

test('a clock that is set back locks nobody out and gives nothing away', () => {
  fc.assert(
    fc.property(limits, fc.integer({ min: 1, max: 100_000_000 }), (limit, back) => {
      let usage: Usage = { used: limit.burst * 60_000, at: noon };
      const refused = take(usage, limit, noon - back);
      expect(refused.taken.allowed).toBe(false);
      usage = refused.usage;
      const later = noon - back + Math.ceil(60_000 / limit.perMinute);
      expect(take(usage, limit, later).taken.allowed).toBe(true);
      const half = { used: Math.floor(limit.burst / 2) * 60_000, at: noon };
      expect(take(half, limit, noon - back).taken.used).toBe(Math.floor(limit.burst / 2) + 1);
    }),
  );
});

test('a limit that was changed counts from what is used', () => {
  const spent = { used: 100 * 60_000, at: noon };
  expect(take(spent, { perMinute: 600, burst: 1000 }, noon).taken).toMatchObject({
    allowed: true,
    used: 101,
    resetAt: noon / 1000 + 11,
  });
  expect(take(spent, { perMinute: 60, burst: 10 }, noon).taken).toEqual({
    allowed: false,
    used: 10,
    resetAt: noon / 1000 + 10,
    retryAfter: 1,
  });
});
