import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cpuTimeBetween, type ProcessTimes } from './cpu-time.ts';

function process(pid: number, own: number, changes: Partial<ProcessTimes> = {}): ProcessTimes {
  return { pid, parent: 1, started: pid, own, ofChildren: 0, ...changes };
}

test('it is what each process used since', () => {
  expect(cpuTimeBetween([process(5, 1), process(6, 2)], [process(5, 1.5), process(6, 4)])).toBe(
    2.5,
  );
});

test('a new process counts in full, also one that has the pid of a former one', () => {
  expect(cpuTimeBetween([], [process(5, 1)])).toBe(1);
  expect(cpuTimeBetween([process(5, 9)], [process(5, 1, { started: 77 })])).toBe(1);
});

test('what a child used before it went does not count again when its parent takes it over', () => {
  const before = [process(5, 1), process(6, 10, { parent: 5 })];
  const now = [process(5, 1, { ofChildren: 10.5 })];
  expect(cpuTimeBetween(before, now)).toBe(0.5);
});

test('nor does that of grandchildren, which comes up through a child that is gone, too', () => {
  const before = [process(5, 0), process(6, 2, { parent: 5 }), process(7, 3, { parent: 6 })];
  expect(cpuTimeBetween(before, [process(5, 0, { ofChildren: 6 })])).toBe(1);
});

test('a child that came and went between two looks counts through its parent', () => {
  expect(cpuTimeBetween([process(5, 1)], [process(5, 1, { ofChildren: 4 })])).toBe(4);
});

test('it is never negative, even when nobody waited for who is gone', () => {
  const before = [process(5, 1), process(6, 10, { parent: 5 })];
  expect(cpuTimeBetween(before, [process(5, 1)])).toBe(0);
  expect(cpuTimeBetween(before, [])).toBe(0);
});

test('it is never negative and always ends, whatever the processes look like', () => {
  const any = fc.record({
    pid: fc.nat({ max: 6 }),
    parent: fc.nat({ max: 6 }),
    started: fc.nat({ max: 2 }),
    own: fc.nat({ max: 100 }),
    ofChildren: fc.nat({ max: 100 }),
  });
  const table = fc.uniqueArray(any, { selector: ({ pid }) => pid });
  fc.assert(fc.property(table, table, (before, now) => cpuTimeBetween(before, now) >= 0));
});
