import { describe, expect, test } from 'vitest';
import { AppError } from '../errors.ts';
import { createGroupCommit, type Entry } from './group-commit.ts';

/** A flush that the test ends by hand. */
function byHand() {
  const flushes: { sizes: number[]; end(outcome?: unknown): void }[] = [];
  const flush = (entries: Entry<string>[]) =>
    new Promise<(string[] | Error)[]>((resolve, reject) => {
      flushes.push({
        sizes: entries.map(({ items }) => items.length),
        end: (error) => {
          if (error) reject(error);
          else resolve(entries.map(({ items }) => items.map((item) => `${item} written`)));
        },
      });
    });
  return { flushes, flush };
}

const entry = (...items: string[]) => ({ items, bytes: 10 * items.length });
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a group commit', () => {
  test('writes what came in while the one before was written, together', async () => {
    const { flushes, flush } = byHand();
    const commit = createGroupCommit({
      flush,
      mostItems: 100,
      mostWaiting: { items: 100, bytes: 1e6 },
    });
    const first = commit.add(entry('a'));
    await turn();
    const rest = [commit.add(entry('b', 'c')), commit.add(entry('d'))];
    await turn();
    expect(flushes.map(({ sizes }) => sizes)).toEqual([[1]]);
    flushes[0]?.end();
    expect(await first).toEqual(['a written']);
    await turn();
    expect(flushes.map(({ sizes }) => sizes)).toEqual([[1], [2, 1]]);
    flushes[1]?.end();
    expect(await Promise.all(rest)).toEqual([['b written', 'c written'], ['d written']]);
  });

  test('takes no more at once than it may, but an entry that is larger alone', async () => {
    const { flushes, flush } = byHand();
    const commit = createGroupCommit({
      flush,
      mostItems: 3,
      mostWaiting: { items: 99, bytes: 1e6 },
    });
    const all = [entry('a', 'b'), entry('c', 'd'), entry('e', 'f', 'g', 'h')].map(commit.add);
    for (let number = 0; number < 3; number += 1) {
      await turn();
      flushes[number]?.end();
    }
    await Promise.all(all);
    expect(flushes.map(({ sizes }) => sizes)).toEqual([[2], [2], [4]]);
  });

  test('refuses what is too much to wait, and takes more when there is room again', async () => {
    const { flushes, flush } = byHand();
    const commit = createGroupCommit({ flush, mostItems: 2, mostWaiting: { items: 3, bytes: 40 } });
    const first = commit.add(entry('a', 'b'));
    await turn();
    const second = commit.add(entry('c', 'd'));
    const refused = await commit.add(entry('e', 'f')).catch((error) => error);
    expect(refused).toBeInstanceOf(AppError);
    expect(refused).toMatchObject({ code: 'UNAVAILABLE', retryAfterSeconds: 2 });
    const heavy = commit.add({ items: ['g'], bytes: 21 });
    await expect(heavy).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    flushes[0]?.end();
    await first;
    await turn();
    const third = commit.add(entry('e', 'f'));
    flushes[1]?.end();
    await second;
    await turn();
    flushes[2]?.end();
    expect(await third).toEqual(['e written', 'f written']);
  });

  test('tells all of one flush that it failed, and goes on', async () => {
    const { flushes, flush } = byHand();
    const commit = createGroupCommit({
      flush,
      mostItems: 9,
      mostWaiting: { items: 9, bytes: 1e6 },
    });
    const failing = [commit.add(entry('a')), commit.add(entry('b'))];
    const failures = Promise.allSettled(failing);
    await turn();
    flushes[0]?.end(new Error('the disk is full'));
    expect((await failures).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = commit.add(entry('c'));
    await turn();
    flushes[1]?.end();
    expect(await next).toEqual(['c written']);
  });

  test('writes what waits when it is closed, and takes nothing more', async () => {
    const { flushes, flush } = byHand();
    const commit = createGroupCommit({
      flush,
      mostItems: 9,
      mostWaiting: { items: 9, bytes: 1e6 },
    });
    const last = commit.add(entry('a'));
    const closing = commit.close();
    await expect(commit.add(entry('b'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await turn();
    flushes[0]?.end();
    await closing;
    expect(await last).toEqual(['a written']);
  });
});
