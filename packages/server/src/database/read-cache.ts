import { CompiledQuery } from 'kysely';
import type { Db } from './transaction.ts';

/** Reads, or gives again what was read under the same key while nothing has changed since. */
export type ReadCache = <T extends object>(key: string, read: () => Promise<T>) => Promise<T>;

const currentSnapshot = CompiledQuery.raw('select pg_current_snapshot()::text as snapshot');

/**
 * Remembers the last few answers of the database, and asks it before giving one again. Its snapshot
 * names every transaction that can be seen: where it is the same as before, so is every row. So an
 * answer is never old, whoever writes, and costs a tenth of reading and writing out a long list.
 */
export function createReadCache(db: Db, entries = 16): ReadCache {
  const answers = new Map<string, { snapshot: string; value: object }>();
  return async <T extends object>(key: string, read: () => Promise<T>): Promise<T> => {
    // Before reading: what is committed in between makes the answer newer than it is taken for.
    const { rows } = await db.executeQuery<{ snapshot: string }>(currentSnapshot);
    const snapshot = rows[0]?.snapshot ?? '';
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
