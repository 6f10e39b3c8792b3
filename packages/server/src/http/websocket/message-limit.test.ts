import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countMessage, noMessages } from './message-limit.ts';

function count(times: number[]): string[] {
  const use = noMessages(0);
  return times.map((at) => countMessage(use, at));
}

test('ten at once pass, twenty more are refused, and then it ends', () => {
  expect(count(Array(31).fill(0))).toEqual([
    ...Array(10).fill('take'),
    ...Array(20).fill('refuse'),
    'end',
  ]);
});

test('ten a second pass for ever', () => {
  const times = Array.from({ length: 1000 }, (_, index) => index * 100);
  expect(count(times).every((verdict) => verdict === 'take')).toBe(true);
});

test('fifteen a second for some seconds end, although most of them pass', () => {
  const verdicts = count(Array.from({ length: 15 * 8 }, (_, index) => (index * 1000) / 15));
  expect(verdicts.filter((verdict) => verdict === 'take').length).toBeGreaterThan(40);
  expect(verdicts).toContain('end');
});

test('a pause of a second makes up for everything', () => {
  const bursts = Array.from({ length: 20 }, (_, burst) => Array(25).fill(burst * 1000)).flat();
  expect(count(bursts)).not.toContain('end');
});

test('whatever the times, no more pass than ten and ten a second', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 400 }), { maxLength: 200 }), (steps) => {
      let at = 0;
      const times = steps.map((step) => {
        at += step;
        return at;
      });
      const passed = count(times).filter((verdict) => verdict === 'take').length;
      expect(passed).toBeLessThanOrEqual(10 + at / 100 + 1e-9);
    }),
  );
});
