import { setImmediate as turnOfLoop } from 'node:timers/promises';
import type { Database } from './open.ts';

/** Reads, or gives again what was read under the same key while nothing has changed since. */
export type ReadCache = <T extends object>(key: string, read: () => Promise<T>) => Promise<T>;

/**
 * Remembers the last few answers of the database, and asks for its snapshot before giving one
 * again. So an answer is never old, whoever writes, and costs a tenth of reading and writing out a
 * long list.
 */
export function createReadCache(database: Pick<Database, 'snapshot'>, entries = 16): ReadCache {
  const answers = new Map<string, { snapshot: string; value: object }>();
  const readSnapshot = shared(() => database.snapshot());
  return async <T extends object>(key: string, read: () => Promise<T>): Promise<T> => {
    // Before reading: what is committed in between makes the answer newer than it is taken for.
    const snapshot = await readSnapshot();
    const known = answers.get(key);
    answers.delete(key);
    if (known && known.snapshot === snapshot) {
      answers.set(key, known);
      // A key stands for one call, hence for one type.
      return known.value as T;
    }
    const value = await read();
    answers.set(key, { snapshot, value });
    for (const [oldest] of answers) if (answers.size > entries) answers.delete(oldest);
    return value;
  };
}

/**
 * Lets all who ask in the same turn of the event loop, or while a question is under way, share the
 * next one, so that many callers cost little more than one. Nobody is given the answer to a
 * question from before they asked.
 */
function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  return () => {
    next ??= last
      .then(() => turnOfLoop())
      .then(() => {
        next = undefined;
        const answer = ask();
        last = answer.catch(() => {});
        return answer;
      });
    return next;
  };
}
