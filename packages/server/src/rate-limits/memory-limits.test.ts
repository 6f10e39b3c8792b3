import { expect, test } from 'vitest';
import { createMemoryLimits } from './memory-limits.ts';

const limit = { perMinute: 60, burst: 100 };
const slow = { perMinute: 1, burst: 100 };

test('of 300 calls at one moment exactly 100 get through, and one more each second', () => {
  let now = 1_763_985_600_000;
  const limits = createMemoryLimits(() => now);
  const through = (calls: number) =>
    Array.from({ length: calls }, () => limits.take('a', limit)).filter(({ allowed }) => allowed);
  expect(through(300)).toHaveLength(100);
  now += 999;
  expect(through(10)).toHaveLength(0);
  now += 1;
  expect(through(10)).toHaveLength(1);
});

test('keys do not count for each other', () => {
  const limits = createMemoryLimits(() => 0);
  for (let call = 0; call < 101; call += 1) limits.take('a', limit);
  expect(limits.take('a', limit).allowed).toBe(false);
  expect(limits.take('b', limit)).toMatchObject({ allowed: true, used: 1 });
});

test('a million keys are not all remembered, and a busy one among them is limited exactly', () => {
  const limits = createMemoryLimits(() => 0);
  let most = 0;
  let through = 0;
  for (let key = 0; key < 1_000_000; key += 1) {
    limits.take(`address:${key}`, slow);
    if (key % 1_000 === 0 && limits.take('busy', slow).allowed) through += 1;
    most = Math.max(most, limits.size);
  }
  expect(through).toBe(100);
  expect(most).toBeLessThanOrEqual(100_000);
});

test('who has everything again is forgotten before who has not', () => {
  let now = 0;
  const limits = createMemoryLimits(() => now, 1_000);
  for (let call = 0; call < 100; call += 1) limits.take('spent', slow);
  // Each of these has its token back when the next one comes.
  for (let key = 0; key < 50_000; key += 1) {
    now += 1;
    limits.take(`address:${key}`, { perMinute: 60_000, burst: 100 });
  }
  expect(limits.size).toBeLessThanOrEqual(1_000);
  // Forgotten, it would begin anew.
  expect(limits.take('spent', slow)).toMatchObject({ allowed: false, used: 100 });
});
