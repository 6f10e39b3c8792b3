import { expect, test } from 'vitest';
import { nextTryInMs } from './retry-schedule.ts';

const hour = 3_600_000;
const middle = () => 0.5;

test('tries come at once, then after 5 seconds, and then later and later over four days', () => {
  const delays = Array.from({ length: 11 }, (_, failures) =>
    nextTryInMs({ failures, retryAfterSeconds: null, random: middle }),
  );
  const hours = [2, 5, 10, 14, 20, 24].map((count) => count * hour);
  expect(delays).toEqual([0, 5_000, 300_000, 1_800_000, ...hours, null]);
});

test('chance moves a try by up to a fifth', () => {
  const at = (random: number) =>
    nextTryInMs({ failures: 4, retryAfterSeconds: null, random: () => random });
  expect(at(0)).toBe(1.6 * hour);
  expect(at(1)).toBe(2.4 * hour);
});

test('a receiver that asks for more time gets it, and the next try is not before', () => {
  const asked = (retryAfterSeconds: number, random: number) =>
    nextTryInMs({ failures: 1, retryAfterSeconds, random: () => random });
  expect(asked(60, 0)).toBe(60_000);
  expect(asked(60, 1)).toBe(72_000);
});

test('a receiver cannot ask for less time than the schedule, nor for more than a day', () => {
  const asked = (failures: number, retryAfterSeconds: number) =>
    nextTryInMs({ failures, retryAfterSeconds, random: () => 0 });
  expect(asked(4, 1)).toBe(1.6 * hour);
  expect(asked(1, 1e9)).toBe(24 * hour);
});

test('after the last try there is none, whatever the receiver asks for', () => {
  expect(nextTryInMs({ failures: 10, retryAfterSeconds: 60 })).toBeNull();
  expect(nextTryInMs({ failures: 1_000, retryAfterSeconds: null })).toBeNull();
});
