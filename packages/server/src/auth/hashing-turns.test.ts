import { expect, test } from 'vitest';
import { waitFor } from '../testing/wait-for.ts';
import { createHashingTurns } from './hashing-turns.ts';

test('two at a time, a bounded line behind them in order, and no more', async () => {
  const inTurn = createHashingTurns({ atOnce: 2, waiting: 3 });
  const begun: number[] = [];
  const gates = Array.from({ length: 6 }, () => Promise.withResolvers<void>());
  const results = gates.map((gate, number) =>
    inTurn(async () => {
      begun.push(number);
      await gate.promise;
      if (number === 0) throw new Error('failed');
      return number;
    }),
  );
  await expect(results[5]).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(begun).toEqual([0, 1]);
  gates[0]?.resolve();
  await expect(results[0]).rejects.toThrow('failed');
  await waitFor('the next', async () => begun.length === 3);
  expect(begun).toEqual([0, 1, 2]);
  for (const gate of gates) gate.resolve();
  expect(await Promise.all(results.slice(1, 5))).toEqual([1, 2, 3, 4]);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  // Every place is free again.
  expect(await Promise.all([7, 8].map((value) => inTurn(async () => value)))).toEqual([7, 8]);
});

test('who waits too long is refused and leaves the line', async () => {
  const inTurn = createHashingTurns({ atOnce: 1, waiting: 1, patienceMs: 10 });
  const gate = Promise.withResolvers<void>();
  const first = inTurn(() => gate.promise);
  await expect(inTurn(async () => {})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  gate.resolve();
  await first;
  expect(await inTurn(async () => 'free')).toBe('free');
});
