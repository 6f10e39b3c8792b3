import fc from 'fast-check';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../database/open.ts';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { take, type Usage, unitsPerToken } from './gcra.ts';
import { deleteRefilled, takeTokens } from './store.ts';

let clone: Awaited<ReturnType<typeof cloneDatabase>>;
let database: Database;
let db: Database['db'];
beforeAll(async () => {
  clone = await cloneDatabase();
  database = await openDatabase({ source: clone, log: pino({ level: 'silent' }) });
  db = database.db;
});
beforeEach(() => sql`truncate rate_limits`.execute(db));
afterAll(async () => {
  await database.close();
  await clone.drop();
});

const slow = { perMinute: 1, burst: 100 };

async function takeOne(key: string, limit = slow, tokens = 1) {
  const [granted] = await takeTokens(db, [{ key, limit, tokens }]);
  if (!granted) throw new Error('nothing came back');
  return granted;
}

test('it computes what the function computes, at any rate and time', async () => {
  const limits = fc.record({
    perMinute: fc.integer({ min: 1, max: 9_999_999 }),
    burst: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 9_999_999 })),
  });
  // How long ago the last call was, in milliseconds: below zero by a clock that was set back.
  const ages = fc.oneof(fc.integer({ min: -5_000, max: 100_000 }), fc.constant(1e12));
  const shares = fc.double({ min: 0, max: 1, noNaN: true });
  await fc.assert(
    fc.asyncProperty(
      limits,
      limits,
      ages,
      shares,
      fc.nat(12),
      async (old, limit, age, share, n) => {
        const known: Usage = {
          used: Math.floor(old.burst * unitsPerToken * share),
          at: Date.now() - age,
        };
        const row = { key: 'a', ...known, per_minute: old.perMinute, burst: old.burst, allowed: 0 };
        await db.deleteFrom('rate_limits').execute();
        await db.insertInto('rate_limits').values(row).execute();
        const granted = await takeOne('a', limit, n + 1);

        let usage = known;
        let allowed = 0;
        for (let call = 0; call <= n; call += 1) {
          const result = take(usage, limit, granted.at);
          usage = result.usage;
          if (result.taken.allowed) allowed += 1;
        }
        expect(granted).toEqual({ key: 'a', ...usage, allowed });
      },
    ),
    { numRuns: 200 },
  );
});

test('of 300 calls at once, each a statement of its own, exactly 100 get through', async () => {
  const granted = await Promise.all(Array.from({ length: 300 }, () => takeOne('a')));
  expect(granted.filter(({ allowed }) => allowed === 1)).toHaveLength(100);
});

test('many keys at once, by many, in whatever order, do not wait for each other', async () => {
  const keys = Array.from({ length: 50 }, (_, number) => `key ${number}`);
  const rounds = Array.from({ length: 40 }, (_, round) =>
    takeTokens(
      db,
      keys
        .toSorted(() => (round % 2 ? 1 : -1) * (Math.random() - 0.5))
        .map((key) => ({ key, limit: slow, tokens: 3 })),
    ),
  );
  const granted = (await Promise.all(rounds)).flat();
  for (const key of keys) {
    const own = granted.filter((grant) => grant.key === key);
    expect(own.reduce((sum, { allowed }) => sum + allowed, 0)).toBe(100);
  }
});

test('who asks for more than there ever is gets what there is', async () => {
  expect(await takeOne('a', slow, 1_000)).toMatchObject({ allowed: 100, used: 100 * 60_000 });
  expect(await takeOne('a', slow, 1_000)).toMatchObject({ allowed: 0 });
});

test('what is refilled is removed, as many at a time as it is told, and nothing else', async () => {
  const quick = { perMinute: 9_000_000, burst: 100 };
  await takeTokens(
    db,
    Array.from({ length: 25 }, (_, number) => ({ key: `${number}`, limit: quick, tokens: 1 })),
  );
  await takeOne('spent');
  await expect.poll(() => deleteRefilled(db, 10)).toBe(10);
  expect(await deleteRefilled(db, 10)).toBe(10);
  expect(await deleteRefilled(db, 10)).toBe(5);
  expect(await db.selectFrom('rate_limits').select('key').execute()).toEqual([{ key: 'spent' }]);
});
