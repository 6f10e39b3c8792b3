import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAnnouncer } from './announcer.ts';
import { createManualClock } from './testing/manual-clock.ts';
import type { Weight } from './weigh-event.ts';

const times = {
  debounceMs: 5_000,
  longestDelayMs: 60_000,
  pauseMs: 30_000,
  longestPauseMs: 3_600_000,
};

function setUp() {
  const clock = createManualClock();
  const announced: number[] = [];
  const announcer = createAnnouncer(() => announced.push(clock.now()), times, clock);
  const see = (path: string, weight: Weight) => announcer.see({ path, weight });
  /** Until it is announced again; how long that took, in milliseconds. */
  function waitAfter(path: string, weight: Weight): number {
    const from = clock.now();
    const before = announced.length;
    see(path, weight);
    for (let second = 0; second < 10_000 && announced.length === before; second++) {
      clock.advance(1_000);
    }
    return clock.now() - from;
  }
  return { clock, announced, announcer, see, waitAfter };
}

test('a change is announced once, five seconds after the last event', () => {
  const { clock, announced, see } = setUp();
  see('a.ts', 'listed');
  clock.advance(3_000);
  see('b.ts', 'listed');
  clock.advance(4_999);
  expect(announced).toEqual([]);
  clock.advance(1);
  expect(announced).toEqual([8_000]);
  clock.advance(10_000_000);
  expect(announced).toHaveLength(1);
  expect(clock.pending).toBe(0);
});

test('events that never end do not put it off for more than a minute', () => {
  const { clock, announced, see } = setUp();
  for (let second = 0; second < 61; second++) {
    see('a.ts', 'listed');
    clock.advance(1_000);
  }
  expect(announced).toEqual([60_000]);
});

test('two announcements are half a minute apart', () => {
  const { clock, announced, see, announcer } = setUp();
  see('a.ts', 'listed');
  clock.advance(6_000);
  announcer.changed();
  see('a.ts', 'listed');
  clock.advance(100_000);
  expect(announced).toEqual([5_000, 35_000]);
});

test('what is announced in vain is announced half as often each time, at last once an hour', () => {
  const { announced, announcer, waitAfter } = setUp();
  for (let time = 0; time < 10; time++) {
    waitAfter('app.log', 'unlisted');
    announcer.nothingChanged();
  }
  const pauses = announced.slice(1).map((at, index) => (at - (announced[index] ?? 0)) / 1_000);
  expect(pauses).toEqual([60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
});

test('what is written all the time in vain does not delay what is written for the first time', () => {
  const { clock, announcer, waitAfter } = setUp();
  for (let time = 0; time < 10; time++) {
    waitAfter('app.log', 'unlisted');
    announcer.nothingChanged();
  }
  clock.advance(60_000);
  expect(waitAfter('a.ts', 'listed')).toBe(5_000);
  announcer.changed();
  clock.advance(60_000);
  expect(waitAfter('new.ts', 'unlisted')).toBe(5_000);
  announcer.changed();
  expect(waitAfter('app.log', 'unlisted')).toBeGreaterThan(3_000_000);
});

test('a real change does not excuse what was written in vain at the same time', () => {
  const { announcer, see, waitAfter } = setUp();
  for (let time = 0; time < 10; time++) {
    waitAfter('app.log', 'unlisted');
    announcer.nothingChanged();
  }
  see('app.log', 'unlisted');
  waitAfter('a.ts', 'listed');
  announcer.changed();
  expect(waitAfter('app.log', 'unlisted')).toBeGreaterThan(3_000_000);
});

test('a real change makes the next one be announced as soon as usual', () => {
  const { clock, announcer, waitAfter } = setUp();
  for (const answer of ['nothingChanged', 'nothingChanged', 'changed'] as const) {
    waitAfter('a.ts', 'listed');
    announcer[answer]();
  }
  clock.advance(31_000);
  expect(waitAfter('a.ts', 'listed')).toBe(5_000);
});

test('it is already waiting when the pause gets shorter, and waits no longer than that', () => {
  const { clock, announced, announcer, see, waitAfter } = setUp();
  waitAfter('a.ts', 'listed');
  announcer.nothingChanged();
  waitAfter('a.ts', 'listed');
  announcer.nothingChanged();
  waitAfter('a.ts', 'listed');
  see('a.ts', 'listed');
  announcer.changed();
  clock.advance(30_000);
  expect(announced).toHaveLength(4);
});

test('new names that are always in vain, as temporary files are, are held against all new names', () => {
  const { clock, announcer, waitAfter } = setUp();
  let number = 0;
  for (let time = 0; time < 9; time++) {
    number += 1;
    waitAfter(`out-${number}.tmp`, 'unlisted');
    announcer.nothingChanged();
  }
  expect(waitAfter('out-0.tmp', 'unlisted')).toBe(3_600_000);
  clock.advance(60_000);
  expect(waitAfter('a.ts', 'listed')).toBe(5_000);
});

test('files of the scan that are touched in vain delay others by minutes, not by an hour', () => {
  const { announcer, waitAfter } = setUp();
  for (let time = 0; time < 20; time++) {
    waitAfter(`file-${time}.ts`, 'listed');
    announcer.nothingChanged();
  }
  expect(waitAfter('a.ts', 'listed')).toBe(240_000);
});

test('more paths than are remembered are announced, and held back in vain, all the same', () => {
  const { announced, announcer, clock, see } = setUp();
  for (let time = 0; time < 12; time++) {
    for (let file = 0; file < 3_000; file++) see(`${file}.ts`, 'listed');
    clock.advance(5_000_000);
    announcer.nothingChanged();
  }
  expect(announced).toHaveLength(12);
  const before = clock.now();
  for (let file = 0; file < 3_000; file++) see(`${file}.ts`, 'listed');
  clock.advance(5_000_000);
  for (let file = 0; file < 3_000; file++) see(`${file}.ts`, 'listed');
  clock.advance(5_000_000);
  expect((announced.at(-1) ?? 0) - before).toBe(5_005_000);
});

test('whatever happens, nothing is announced too often, and everything in the end', () => {
  const event = fc.record({
    path: fc.constantFrom('a.ts', 'b.ts', 'app.log', 'new.ts', 'tmp'),
    weight: fc.constantFrom<Weight>('listed', 'unlisted'),
    answer: fc.constantFrom('changed', 'nothingChanged', undefined),
    wait: fc.integer({ min: 0, max: 200_000 }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const { clock, announced, announcer, see } = setUp();
      let seenAt = 0;
      for (const { path, weight, answer, wait } of events) {
        see(path, weight);
        seenAt = clock.now();
        if (answer) announcer[answer]();
        clock.advance(wait);
      }
      clock.advance(times.longestPauseMs + times.longestDelayMs);
      for (const [index, at] of announced.entries()) {
        const before = announced[index - 1];
        if (before !== undefined) expect(at - before).toBeGreaterThanOrEqual(times.pauseMs);
      }
      if (events.length > 0) expect(announced.at(-1)).toBeGreaterThan(seenAt);
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 500 },
  );
});

test('closed, it announces nothing and leaves no timer', () => {
  const { clock, announced, announcer, see } = setUp();
  see('a.ts', 'listed');
  announcer.close();
  expect(clock.pending).toBe(0);
  clock.advance(1_000_000);
  expect(announced).toEqual([]);
});
