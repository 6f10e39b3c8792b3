import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { waitFor } from '../../testing/wait-for.ts';
import { createSlices, type Work } from './in-slices.ts';

function* steps(count: number, step: () => void): Work {
  for (let number = 0; number < count; number++) {
    step();
    yield;
  }
}

test('work is done in order, and others have their turn in between', async () => {
  const done: string[] = [];
  const slices = createSlices(0.01);
  const long = () => {
    for (const until = performance.now() + 0.1; performance.now() < until; );
    done.push('first');
  };
  slices.add(steps(50, long));
  slices.add(steps(1, () => done.push('second')));
  expect(done).toEqual([]);
  await turnOfLoop();
  await turnOfLoop();
  expect(done.length).toBeLessThan(50);
  await waitFor('the work', async () => done.includes('second'));
  expect(done).toEqual([...Array(50).fill('first'), 'second']);
});

test('once closed, it goes no further', async () => {
  let count = 0;
  const slices = createSlices(0);
  slices.add(steps(10, () => count++));
  slices.close();
  await turnOfLoop();
  await turnOfLoop();
  expect(count).toBe(0);
});
