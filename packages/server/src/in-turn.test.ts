import { expect, test } from 'vitest';
import { createInTurn } from './in-turn.ts';

const never = new AbortController().signal;

test('one runs after another, in order, whatever becomes of those before', async () => {
  const inTurn = createInTurn();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = inTurn(async () => {
    await gate.promise;
    seen.push('first');
    throw new Error('failed');
  }, never);
  const second = inTurn(async () => void seen.push('second'), never);
  gate.resolve();
  await expect(first).rejects.toThrow('failed');
  await second;
  expect(seen).toEqual(['first', 'second']);
});

test('who is aborted while waiting leaves at once, and does not run', async () => {
  const inTurn = createInTurn();
  const gate = Promise.withResolvers<void>();
  const first = inTurn(() => gate.promise, never);
  const abort = new AbortController();
  let hasRun = false;
  const second = inTurn(async () => {
    hasRun = true;
  }, abort.signal);
  abort.abort(new Error('not wanted any more'));
  await expect(second).rejects.toThrow('not wanted any more');
  gate.resolve();
  await first;
  await inTurn(async () => {}, never);
  expect(hasRun).toBe(false);
});
