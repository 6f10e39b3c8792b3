import { createServer, type Socket } from 'node:net';
import { sql } from 'kysely';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../database/open.ts';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { waitFor } from '../testing/wait-for.ts';
import { createRateLimits, type RateLimits } from './rate-limits.ts';

const log = pino({ level: 'silent' });
const slow = { perMinute: 1, burst: 100 };
let clone: Awaited<ReturnType<typeof cloneDatabase>>;
let database: Database;
const open: RateLimits[] = [];

beforeAll(async () => {
  clone = await cloneDatabase();
  database = await openDatabase({ source: clone, log });
});
beforeEach(() => sql`truncate rate_limits`.execute(database.db));
afterEach(async () => {
  await Promise.all(open.splice(0).map((limits) => limits.close()));
});
afterAll(async () => {
  await database.close();
  await clone.drop();
});

/** Patient, as other tests keep the machine busy. */
async function join({ on = database, answerWithinMs = 10_000 } = {}): Promise<RateLimits> {
  const limits = await createRateLimits({ database: on, log, answerWithinMs });
  open.push(limits);
  return limits;
}

const isShared = (limits: RateLimits) => limits.take('probe', slow) instanceof Promise;
const becomesShared = (limits: RateLimits) =>
  waitFor('it to count for all', async () => isShared(limits));
const becomesAlone = (limits: RateLimits) =>
  waitFor('it to count for itself', async () => !isShared(limits));

async function rows(): Promise<string[]> {
  const found = await database.db.selectFrom('rate_limits').select('key').execute();
  return found.map(({ key }) => key);
}

test('the only server counts in memory, exactly', async () => {
  const limits = await join();
  const taken = await Promise.all(Array.from({ length: 300 }, () => limits.take('a', slow)));
  expect(taken.filter(({ allowed }) => allowed)).toHaveLength(100);
  expect(taken[14]).toMatchObject({ allowed: true, used: 15, retryAfter: 0 });
  expect(taken[100]).toMatchObject({ allowed: false, used: 100, retryAfter: 60 });
  expect(await rows()).toEqual([]);
});

test('of 300 calls at once on two servers exactly 100 get through', async () => {
  const [first, second] = [await join(), await join()];
  expect(isShared(second)).toBe(true);
  await becomesShared(first);
  const taken = await Promise.all(
    Array.from({ length: 300 }, (_, call) => (call % 2 ? first : second).take('a', slow)),
  );
  const through = taken.filter(({ allowed }) => allowed);
  expect(through).toHaveLength(100);
  // Each has a place of its own in the line.
  expect(through.map(({ used }) => used).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 100 }, (_, place) => place + 1),
  );
  for (const { allowed, used, retryAfter } of taken) {
    if (!allowed) expect({ used, retryAfter }).toEqual({ used: 100, retryAfter: 60 });
  }
});

test('who comes first on a server is counted first', async () => {
  await join();
  const limits = await join();
  const taken = await Promise.all(Array.from({ length: 120 }, () => limits.take('a', slow)));
  expect(taken.map(({ used }) => used)).toEqual(
    Array.from({ length: 120 }, (_, call) => Math.min(call + 1, 100)),
  );
  expect(taken.findIndex(({ allowed }) => !allowed)).toBe(100);
});

test('the one that stays behind counts in memory again', async () => {
  const [first, second] = [await join(), await join()];
  await becomesShared(first);
  await second.close();
  await becomesAlone(first);
});

test('a key that PostgreSQL would not take, or that is very long, is counted too', async () => {
  await join();
  const limits = await join();
  const strange = ['a\0b', '\ud800', 'x'.repeat(100_000), 'ключ', "'; --", '{"a"}'];
  for (const key of strange) {
    await limits.take(key, slow);
    expect(await limits.take(key, slow)).toMatchObject({ allowed: true, used: 2 });
  }
  // That of the probe by which others here see who counts may be among them.
  const kept = (await rows()).filter((key) => key !== 'probe');
  expect(kept).toHaveLength(strange.length);
  expect(kept.every(({ length }) => length <= 200)).toBe(true);
});

test('while the database is gone each counts in memory, and together again after', async () => {
  const door = await openDoor(clone.databaseUrl);
  const through = await openDatabase({ source: { databaseUrl: door.databaseUrl }, log });
  await join();
  const limits = await join({ on: through });
  expect(isShared(limits)).toBe(true);
  await door.shut();
  const taken = await Promise.all(Array.from({ length: 300 }, () => limits.take('a', slow)));
  expect(taken.filter(({ allowed }) => allowed)).toHaveLength(100);
  await becomesAlone(limits);
  await door.open();
  await becomesShared(limits);
  await limits.close();
  await through.close();
  await door.shut();
});

test('a database that does not answer delays nobody for longer than it may', async () => {
  const door = await openDoor(clone.databaseUrl);
  const through = await openDatabase({ source: { databaseUrl: door.databaseUrl }, log });
  await join();
  const limits = await join({ on: through, answerWithinMs: 100 });
  door.freeze();
  const started = performance.now();
  const taken = await Promise.all(Array.from({ length: 300 }, () => limits.take('a', slow)));
  expect(performance.now() - started).toBeLessThan(1_000);
  expect(taken.filter(({ allowed }) => allowed)).toHaveLength(100);
  // From then on it is not even asked.
  expect(limits.take('a', slow)).toMatchObject({ allowed: false });
  door.thaw();
  await becomesShared(limits);
  await limits.close();
  await through.close();
  await door.shut();
});

/** A way to the database that can be shut, as when its machine is gone, or go silent. */
async function openDoor(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const pairs = new Set<{
    visitor: Socket;
    server: Socket;
  }>();
  let frozen = false;
  const proxy = createServer((visitor) => {
    // @ts-expect-error The driver's stream is a net.Socket, of which its types tell the half.
    const server: Socket = new Client().connection.stream;
    const pair = { visitor, server };
    pairs.add(pair);
    for (const socket of [visitor, server]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        pairs.delete(pair);
        visitor.destroy();
        server.destroy();
      });
    }
    server.connect(`${target.searchParams.get('host')}/.s.PGSQL.5432`);
    visitor.pipe(server).pipe(visitor);
    if (frozen) visitor.pause();
  });
  let port = 0;
  const listen = () =>
    new Promise<void>((resolve) => {
      proxy.listen(port, '127.0.0.1', () => {
        const address = proxy.address();
        if (address && typeof address === 'object') port = address.port;
        resolve();
      });
    });
  await listen();
  return {
    databaseUrl: `postgresql://borgos@127.0.0.1:${port}${target.pathname}`,
    open: listen,
    shut: () =>
      new Promise<void>((resolve) => {
        proxy.close(() => resolve());
        for (const { visitor } of pairs) visitor.destroy();
      }),
    freeze() {
      frozen = true;
      for (const { visitor } of pairs) visitor.pause();
    },
    thaw() {
      frozen = false;
      for (const { visitor } of pairs) visitor.resume();
    },
  };
}
