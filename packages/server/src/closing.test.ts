import { expect, test } from 'vitest';
import { createClosing } from './closing.ts';

test('the newest is closed first, and one that fails or hangs keeps no other one open', async () => {
  const closed: string[] = [];
  const errors: unknown[] = [];
  const closing = createClosing((error) => errors.push(error));
  closing.add(() => closed.push('oldest'));
  closing.add(() => Promise.reject(new Error('broken')));
  closing.add(() => new Promise(() => {}), 20);
  closing.add(async () => closed.push('newest'));
  await Promise.all([closing.run(), closing.run()]);
  expect(closed).toEqual(['newest', 'oldest']);
  expect(errors).toEqual([
    new Error('it was not closed within 20 ms and is left'),
    new Error('broken'),
  ]);
});
