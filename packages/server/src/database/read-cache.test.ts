import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { type Database, openDatabase } from './open.ts';
import { createReadCache } from './read-cache.ts';
import { transaction } from './transaction.ts';

let clone: Awaited<ReturnType<typeof cloneDatabase>>;
let database: Database;
beforeAll(async () => {
  clone = await cloneDatabase();
  database = await openDatabase({ source: clone, log: pino({ level: 'silent' }) });
});
afterAll(async () => {
  await database.close();
  await clone.drop();
});

let made = 0;
const insert = (db = database.db) =>
  db
    .insertInto('projects')
    .values({ name: 'x', path: `/${made++}`, tech_stack: [] })
    .execute();
const names = () => database.db.selectFrom('projects').select('path').orderBy('id').execute();

describe('the read cache', () => {
  test('gives the very same answer while nothing changes', async () => {
    const cache = createReadCache(database);
    const first = await cache('all', names);
    expect(await cache('all', names)).toBe(first);
    expect(await cache('others', names)).not.toBe(first);
  });

  test('reads again after each change, and after a change that was committed late', async () => {
    const cache = createReadCache(database);
    for (let change = 0; change < 20; change++) {
      await insert();
      expect(await cache('all', names)).toEqual(await names());
    }
    const open = Promise.withResolvers<void>();
    const late = transaction(database.db, async (db) => {
      await insert(db);
      await open.promise;
    });
    const before = await cache('all', names);
    expect(before).toEqual(await names());
    open.resolve();
    await late;
    const after = await cache('all', names);
    expect(after).toHaveLength(before.length + 1);
  });

  test('never gives less than what was committed before it was asked', async () => {
    const cache = createReadCache(database);
    let committed = (await names()).length;
    let done = false;
    const writer = (async () => {
      for (let change = 0; change < 100; change++) {
        await insert();
        committed++;
        if (change % 10 === 0) await sleep(1);
      }
      done = true;
    })();
    let asked = 0;
    while (!done) {
      const least = committed;
      expect((await cache('all', names)).length).toBeGreaterThanOrEqual(least);
      asked++;
    }
    await writer;
    expect(asked).toBeGreaterThan(10);
  });

  test('forgets the answers that were not asked for the longest', async () => {
    const cache = createReadCache(database, 2);
    const first = await cache('1', names);
    await cache('2', names);
    expect(await cache('1', names)).toBe(first);
    await cache('3', names);
    expect(await cache('1', names)).toBe(first);
    await cache('4', names);
    await cache('5', names);
    expect(await cache('1', names)).not.toBe(first);
  });
});
