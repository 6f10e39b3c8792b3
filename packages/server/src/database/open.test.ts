import { createServer, type Server } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { type ClonedDatabase, cloneDatabase } from '../testing/cloned-database.ts';
import { type Database, openDatabase, requireVersion } from './open.ts';

const log = pino({ level: 'silent' });
let clone: ClonedDatabase;
let database: Database;

beforeAll(async () => {
  clone = await cloneDatabase();
  database = await openDatabase({ source: { databaseUrl: clone.databaseUrl }, log });
});
afterAll(async () => {
  await database.close();
  await clone.drop();
});

async function read(expression: string): Promise<unknown> {
  const { rows } = await sql<{ value: unknown }>`select ${sql.raw(expression)} as value`.execute(
    database.db,
  );
  return rows[0]?.value;
}

async function listenOn(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (!address || typeof address === 'string') throw new Error('no port');
  return address.port;
}

test('it says which PostgreSQL it is, and where', () => {
  expect(database.description).toMatch(/^PostgreSQL 18\.\d+ \(\/.*socket\)$/);
});

describe('values come as what JSON can carry', () => {
  test.each<[string, unknown]>([
    ['42::bigint', 42],
    ['-9007199254740991::bigint', -9007199254740991],
    ["'{1,null,3}'::bigint[]", [1, null, 3]],
    ['12.5::numeric', 12.5],
    ["'{{1.5},{2.5}}'::numeric[]", [[1.5], [2.5]]],
    ["timestamptz '2026-11-24 07:08:09.123987+02'", '2026-11-24T05:08:09.123Z'],
    ["timestamptz '2026-11-24 05:08:09Z'", '2026-11-24T05:08:09.000Z'],
    ["timestamptz '2026-11-24 05:08:09.1Z'", '2026-11-24T05:08:09.100Z'],
    ["array[timestamptz '2026-11-24Z', null]", ['2026-11-24T00:00:00.000Z', null]],
    ["date '2026-11-24'", '2026-11-24'],
    ["timestamp '2026-11-24 05:08:09'", '2026-11-24 05:08:09'],
    [`'{"a": [1, null]}'::jsonb`, { a: [1, null] }],
    ["'null'::jsonb", null],
    ['\'{a,null,"b c"}\'::text[]', ['a', null, 'b c']],
    ['null::bigint', null],
    ['null::timestamptz', null],
  ])('%s', async (expression, value) => {
    expect(await read(expression)).toEqual(value);
  });

  test.each([
    ['9007199254740993::bigint', 'cannot hold exactly'],
    ["'NaN'::numeric", 'JSON cannot carry'],
    ["timestamptz 'infinity'", 'no time of the years'],
    ["timestamptz '0001-01-01 BC'", 'no time of the years'],
  ])('%s is refused rather than falsified', async (expression, refusal) => {
    await expect(read(expression)).rejects.toThrow(refusal);
  });

  test('also on a server that is set to another time zone', async () => {
    await sql`alter role current_user set timezone = 'Asia/Kolkata'`.execute(database.db);
    const other = await openDatabase({ source: { databaseUrl: clone.databaseUrl }, log });
    const { rows } = await sql`select timestamptz '2026-11-24 05:08:09Z' as at`.execute(other.db);
    expect(rows).toEqual([{ at: '2026-11-24T05:08:09.000Z' }]);
    await other.close();
    await sql`alter role current_user reset timezone`.execute(database.db);
  });
});

test('no statement, lock or idle transaction is waited for without end', async () => {
  for (const name of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) {
    expect(await read(`current_setting('${name}')`)).toMatch(/^[1-9]\d*s$/);
  }
});

test('it outlives the loss of its connections', async () => {
  await read('1');
  const client = new Client({ connectionString: clone.databaseUrl });
  await client.connect();
  await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`,
  );
  await client.end();
  expect(await vi.waitFor(() => read('42'), { timeout: 5_000 })).toBe(42);
});

test('the loss of a connection within a transaction is told by its next statement', async () => {
  const lost = database.db.transaction().execute(async (db) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
    const killed = await sql`select pg_terminate_backend(${rows[0]?.pid}, 5000)`.execute(
      database.db,
    );
    await setImmediate();
    await sql`select 1`.execute(db);
    return killed;
  });
  await expect(lost).rejects.toThrow(/terminat|not queryable/);
  expect(await read('42')).toBe(42);
});

test('a notification is heard, also after the listening connection was lost', async () => {
  let calls = 0;
  const listening = await database.listen('some channel', () => {
    calls += 1;
  });
  await sql`select pg_notify('some channel', '')`.execute(database.db);
  await expect.poll(() => calls).toBe(1);
  await sql`select pg_terminate_backend(pid) from pg_stat_activity
             where application_name = 'borgos listen' and datname = current_database()`.execute(
    database.db,
  );
  // Notifications may have been missed meanwhile.
  await expect.poll(() => calls).toBe(2);
  await sql`select pg_notify('some channel', '')`.execute(database.db);
  await expect.poll(() => calls).toBe(3);
  await listening.close();
  await sql`select pg_notify('some channel', '')`.execute(database.db);
  expect(await read('1')).toBe(1);
  expect(calls).toBe(3);
});

test('a database that does not exist is named at once, without the password', async () => {
  const url = new URL(inject('postgresConnectionString'));
  url.pathname = '/missing';
  url.password = 'hunter22';
  const opening = openDatabase({ source: { databaseUrl: url.href }, log });
  await expect(opening).rejects.toThrow(/database "missing" does not exist.*DATABASE_URL/);
  await expect(opening).rejects.not.toThrow('hunter22');
});

test('a server that does not answer is given up in time', async () => {
  const silent = createServer(() => {});
  const port = await listenOn(silent);
  const started = performance.now();
  const opening = openDatabase({
    source: { databaseUrl: `postgres://me:hunter22@127.0.0.1:${port}/app` },
    reachableWithinMs: 500,
    log,
  });
  await expect(opening).rejects.toThrow(
    /cannot connect to the database at 127\.0\.0\.1:\d+: .*timeout/,
  );
  expect(performance.now() - started).toBeLessThan(5_000);
  silent.close();
});

test('a server that starts late is waited for', async () => {
  const proxy = createServer((visitor) => {
    const socket = new URL(clone.databaseUrl).searchParams.get('host');
    const server = new Client({ host: socket ?? '' }).connection.stream;
    visitor.on('error', () => {});
    server.on('error', () => {});
    // @ts-expect-error The driver's stream is a net.Socket, of which its types tell the half.
    server.connect(`${socket}/.s.PGSQL.5432`);
    visitor.pipe(server).pipe(visitor);
  });
  const port = await listenOn(proxy);
  await new Promise((resolve) => proxy.close(resolve));
  const database = new URL(clone.databaseUrl).pathname;
  const opening = openDatabase({
    source: { databaseUrl: `postgresql://borgos@127.0.0.1:${port}${database}` },
    log,
  });
  setTimeout(() => proxy.listen(port, '127.0.0.1'), 600);
  const late = await opening;
  expect(late.description).toContain(`127.0.0.1:${port}`);
  await late.close();
  proxy.close();
});

test('a PostgreSQL older than 15 is refused', () => {
  expect(() => requireVersion(140_005, 'db.example:5432')).toThrow(
    /db\.example:5432 is PostgreSQL 14, and BorgOS needs 15 or newer/,
  );
  expect(() => requireVersion(150_000, 'db.example:5432')).not.toThrow();
});
