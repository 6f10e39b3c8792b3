import { sql } from 'kysely';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type ClonedDatabase, cloneDatabase } from '../testing/cloned-database.ts';
import { waitFor } from '../testing/wait-for.ts';
import { type Database, openDatabase } from './open.ts';
import type { Servers } from './servers.ts';

const log = pino({ level: 'silent' });
let clone: ClonedDatabase;
let database: Database;
const joined: Servers[] = [];

beforeAll(async () => {
  clone = await cloneDatabase();
  database = await openDatabase({ source: clone, log });
});
afterEach(async () => {
  await Promise.all(joined.splice(0).map((servers) => servers.close()));
});
afterAll(async () => {
  await database.close();
  await clone.drop();
});

async function join(on = database): Promise<Servers> {
  const servers = await on.joinServers();
  joined.push(servers);
  return servers;
}

async function connections(): Promise<number[]> {
  const { rows } = await sql<{ pid: number }>`select pid from pg_stat_activity
    where application_name = 'borgos servers' and datname = current_database()`.execute(
    database.db,
  );
  return rows.map(({ pid }) => pid);
}

test('the first is alone, the second sees it at once, and the first is told', async () => {
  const first = await join();
  expect(first.others).toBe(0);
  const second = await join();
  expect(second.others).toBe(1);
  // Sooner than by looking every second.
  await expect.poll(() => first.others, { timeout: 900 }).toBe(1);
});

test('of several that join at the same moment, each sees all', async () => {
  const servers = await Promise.all([join(), join(), join(), join()]);
  for (const one of servers) await expect.poll(() => one.others).toBe(3);
});

test('one that leaves is missed', async () => {
  const [first, second] = [await join(), await join()];
  await expect.poll(() => first.others).toBe(1);
  await second.close();
  expect(second.others).toBe(0);
  await expect.poll(() => first.others, { timeout: 900 }).toBe(0);
});

test('one that says nothing, as when it was killed, is missed too', async () => {
  const first = await join();
  const silent = new Client({ connectionString: clone.databaseUrl });
  await silent.connect();
  // What all servers hold, also those of other versions.
  await silent.query('select pg_advisory_lock_shared(4207849485)');
  await expect.poll(() => first.others, { timeout: 5_000 }).toBe(1);
  await silent.end();
  await expect.poll(() => first.others, { timeout: 5_000 }).toBe(0);
});

test('those whose connections are lost find each other again', async () => {
  const [first, second] = [await join(), await join()];
  const lost = await connections();
  expect(lost).toHaveLength(2);
  await sql`select pg_terminate_backend(pid, 5000) from unnest(${lost}::integer[]) as lost (pid)`.execute(
    database.db,
  );
  await waitFor('new connections', async () => {
    const now = await connections();
    return now.length === 2 && !now.some((pid) => lost.includes(pid));
  });
  await expect.poll(() => [first.others, second.others], { timeout: 5_000 }).toEqual([1, 1]);
});

test('servers on another database of the same PostgreSQL do not count', async () => {
  const elsewhere = await cloneDatabase();
  const other = await openDatabase({ source: elsewhere, log });
  await join();
  expect((await join(other)).others).toBe(0);
  await Promise.all(joined.splice(0).map((servers) => servers.close()));
  await other.close();
  await elsewhere.drop();
});

test('a database that is gone leaves it alone, and closing does not wait for it', async () => {
  const lost = await cloneDatabase();
  const other = await openDatabase({ source: lost, log });
  const [first, second] = [await other.joinServers(), await other.joinServers()];
  expect(second.others).toBe(1);
  await lost.drop();
  await expect.poll(() => first.others + second.others, { timeout: 5_000 }).toBe(0);
  await Promise.all([first.close(), second.close(), other.close()]);
  await expect(other.joinServers()).rejects.toThrow('does not exist');
});
