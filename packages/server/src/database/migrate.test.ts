import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { verifyTrail } from '../audit/verify.ts';
import { type ClonedDatabase, cloneDatabase } from '../testing/cloned-database.ts';
import { migrate } from './migrate.ts';
import { openDatabase } from './open.ts';

const log = pino({ level: 'silent' });
let clone: ClonedDatabase;
let client: Client;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'borgos-migrations-'));
  clone = await cloneDatabase();
  client = new Client({ connectionString: clone.databaseUrl });
  await client.connect();
  await client.query('drop schema public cascade; create schema public');
  await write('0001-one', 'create table one ();');
  await write('0002-two', 'create table two ();');
});
afterEach(async () => {
  await client.end();
  await clone.drop();
  await rm(folder, { recursive: true });
});

const write = (name: string, sql: string) => writeFile(join(folder, `${name}.sql`), sql);
const migrateFolder = () => migrate({ connectionString: clone.databaseUrl, folder, log });

async function tables(): Promise<string[]> {
  const { rows } = await client.query(
    `select table_name from information_schema.tables where table_schema = 'public' order by 1`,
  );
  return rows.map(({ table_name }) => table_name);
}

test('files are run in order, each once', async () => {
  expect(await migrateFolder()).toEqual(['0001-one', '0002-two']);
  expect(await migrateFolder()).toEqual([]);
  await write('0003-three', 'create table three (like one);');
  expect(await migrateFolder()).toEqual(['0003-three']);
  expect(await tables()).toEqual(['migrations', 'one', 'three', 'two']);
});

test("BorgOS's own migrations make an empty database what the clones are", async () => {
  const names = await migrate({ connectionString: clone.databaseUrl, log });
  expect(names[0]).toBe('0001-projects-and-deployments');
  expect(await tables()).toEqual(expect.arrayContaining(['deployments', 'events', 'projects']));
});

test('of several at once, one does the work', async () => {
  await write('0003-slow', 'select pg_sleep(0.2); create table slow ();');
  const names = await Promise.all([1, 2, 3, 4].map(migrateFolder));
  expect(names.flat()).toEqual(['0001-one', '0002-two', '0003-slow']);
});

test('one that fails leaves nothing of itself, keeps those before it, and can be mended', async () => {
  await write('0003-broken', 'create table half (); select 1 / 0;');
  await expect(migrateFolder()).rejects.toThrow(/0003-broken failed.*division by zero/);
  expect(await tables()).toEqual(['migrations', 'one', 'two']);
  await write('0003-broken', 'create table whole ();');
  expect(await migrateFolder()).toEqual(['0003-broken']);
});

test('a database of a newer BorgOS is refused', async () => {
  await migrateFolder();
  await rm(join(folder, '0002-two.sql'));
  await expect(migrateFolder()).rejects.toThrow(/newer BorgOS: it has the migration 0002-two/);
});

test('a file that was changed after it was run is refused, but not for its line ends', async () => {
  await write('0001-one', 'create table one\n();\n');
  await migrateFolder();
  await write('0001-one', 'create table one\r\n();\r\n');
  expect(await migrateFolder()).toEqual([]);
  await write('0001-one', 'create table one (id integer);');
  await expect(migrateFolder()).rejects.toThrow(/0001-one was changed after it was run/);
});

test('a file that would have to run before one that was run is refused', async () => {
  await migrateFolder();
  await write('0001-late', 'create table late ();');
  await expect(migrateFolder()).rejects.toThrow(/0001-late would run after 0001-one/);
  expect(await tables()).not.toContain('late');
});

test('a file with a name out of order is refused before anything is run', async () => {
  await write('3-three', '');
  await expect(migrateFolder()).rejects.toThrow('not named like 0001-what-it-does.sql');
  expect(await tables()).toEqual([]);
});

test('what happened before there was an audit trail is part of it afterwards', async () => {
  for (const name of await readdir(folder)) await rm(join(folder, name));
  const own = join(import.meta.dirname, 'migrations');
  const before = (await readdir(own)).filter((name) => name < '0004').sort();
  for (const name of before) await copyFile(join(own, name), join(folder, name));
  await migrateFolder();
  const insert = `insert into events (type, data) values ('project_deleted', $1)`;
  for (const id of [1, 2, 3]) await client.query(insert, [{ id, name: 'älter' }]);
  // A commit that failed left a gap in what was a sequence.
  await client.query(`select nextval('events_seq')`);
  await client.query(insert, [{ id: 4 }]);
  const database = await openDatabase({ source: clone, log });
  const { signal } = new AbortController();
  const verify = () => verifyTrail({ db: database.db, home: folder, signal });
  await expect(verify()).rejects.toThrow('Start BorgOS once');
  await migrate({ connectionString: clone.databaseUrl, log });
  await client.query(
    `insert into events (type, data, actor) values ('project_deleted', '{"id": 5}', '{}')`,
  );

  const { rows } = await client.query(
    `select seq::integer, actor ->> 'credential' as credential, object_id from events order by seq`,
  );
  expect(rows).toEqual([
    ...[1, 2, 3].map((id) => ({ seq: id, credential: 'system', object_id: `${id}` })),
    { seq: 5, credential: 'system', object_id: '4' },
    { seq: 6, credential: null, object_id: '5' },
  ]);
  const verification = await verify();
  await database.close();
  expect(verification).toMatchObject({ valid: true, checked: 5, head: { seq: 6 } });
});
