import { expect, test } from 'vitest';
import { pauseAfter, shortestPauseMs } from './retry-schedule.ts';

const hourMs = 3_600_000;

test("a name fails at most four times in its first hour: Let's Encrypt takes five", () => {
  let at = 0;
  let tries = 1;
  for (let failures = 1; at + pauseAfter(failures, 0) < hourMs; failures += 1) {
    at += pauseAfter(failures, 0);
    tries += 1;
  }
  expect(tries).toBe(4);
  // A person who asks again and again has as many made at most.
  expect(hourMs / shortestPauseMs).toBeLessThan(5);
});

test('it is tried ever more rarely, but every day, and not all names at once', () => {
  const pauses = Array.from({ length: 40 }, (_, index) => pauseAfter(index + 1, 0));
  expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
  expect(pauses.at(-1)).toBe(24 * hourMs);
  expect(pauseAfter(1, 1)).toBe(pauseAfter(1, 0) * 1.1);
});
