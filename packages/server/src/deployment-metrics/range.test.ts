import { expect, test } from 'vitest';
import { rangeOf } from './range.ts';

const now = 1_768_471_234.5;
const iso = (second: number) => new Date(second * 1000).toISOString();
const range = (query: Parameters<typeof rangeOf>[0], newest = 1_768_471_220) =>
  rangeOf(query, { now, newest });

test('by default it is the last hour in steps of 10 seconds that are over', () => {
  expect(range({})).toEqual({ step: 10, from: 1_768_467_630, to: 1_768_471_230 });
});

test('a step that is over but not read yet is not told', () => {
  expect(range({}, 1_768_471_210).to).toBe(1_768_471_220);
  // One that was missed is.
  expect(range({}, 1_768_471_200).to).toBe(1_768_471_230);
});

test('what begins earlier is told in steps of 5 minutes, with the one that goes on', () => {
  const day = range({ from: iso(now - 86_400) });
  expect(day).toMatchObject({ step: 300, to: 1_768_471_500 });
  expect((day.to - day.from) / 300).toBe(289);
  expect(range({ step: 300 }).step).toBe(300);
});

test('it is cut to what is kept', () => {
  const week = range({ from: iso(0), to: iso(now + 86_400) });
  expect((week.to - week.from) / 300).toBe(2017);
  const hour = range({ from: iso(0), step: 10 });
  expect((hour.to - hour.from) / 10).toBeLessThanOrEqual(361);
});

test('a range that has nothing of what is kept is empty', () => {
  const { from, to } = range({ from: iso(100), to: iso(1_000) });
  expect(to).toBe(from);
  const future = range({ from: iso(now + 1_000), to: iso(now + 2_000) });
  expect(future.to).toBe(future.from);
});

test('one that ends before it begins is refused', () => {
  expect(() => range({ from: iso(now), to: iso(now - 1) })).toThrow('must be earlier than `to`');
});
