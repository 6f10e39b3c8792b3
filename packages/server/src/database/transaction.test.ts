import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ClonedDatabase, cloneDatabase } from '../testing/cloned-database.ts';
import { type Database, openDatabase } from './open.ts';
import { constraintOf, type Db, transaction } from './transaction.ts';

let clone: ClonedDatabase;
let database: Database;

beforeAll(async () => {
  clone = await cloneDatabase();
  database = await openDatabase({
    source: { databaseUrl: clone.databaseUrl },
    log: pino({ level: 'silent' }),
  });
  await sql`create table numbers (
    id integer primary key,
    value integer not null constraint numbers_small check (value < 1000),
    parent integer constraint numbers_parent references numbers (id)
  )`.execute(database.db);
});
beforeEach(() => sql`truncate numbers`.execute(database.db));
afterAll(async () => {
  await database.close();
  await clone.drop();
});

const insert = (db: Db, id: number, value = 0, parent: number | null = null) =>
  sql`insert into numbers values (${id}, ${value}, ${parent})`.execute(db);
const add = (db: Db, id: number) =>
  sql`update numbers set value = value + 1 where id = ${id}`.execute(db);

async function values(): Promise<unknown> {
  const { rows } = await sql<{ value: number }>`select value from numbers order by id`.execute(
    database.db,
  );
  return rows.map(({ value }) => value);
}

test('what resolves is committed, and what throws is rolled back', async () => {
  expect(await transaction(database.db, (db) => insert(db, 1).then(() => 'done'))).toBe('done');
  await expect(
    transaction(database.db, async (db) => {
      await insert(db, 2);
      throw new Error('changed my mind');
    }),
  ).rejects.toThrow('changed my mind');
  expect(await values()).toEqual([0]);
});

test('a transaction within a transaction is part of it', async () => {
  await expect(
    transaction(database.db, async (db) => {
      await transaction(db, (inner) => insert(inner, 1));
      throw new Error('the outer one fails');
    }),
  ).rejects.toThrow('the outer one fails');
  expect(await values()).toEqual([]);
});

test('the one that PostgreSQL sacrifices in a deadlock is tried again', async () => {
  await insert(database.db, 1);
  await insert(database.db, 2);
  let runs = 0;
  let arrived = 0;
  const both = Promise.withResolvers<void>();
  const crossing = (first: number, second: number) =>
    transaction(database.db, async (db) => {
      runs += 1;
      await add(db, first);
      arrived += 1;
      if (arrived === 2) both.resolve();
      await both.promise;
      await add(db, second);
    });
  await Promise.all([crossing(1, 2), crossing(2, 1)]);
  expect(runs).toBe(3);
  expect(await values()).toEqual([2, 2]);
});

test('a conflict that never ends is given up after five attempts', async () => {
  let runs = 0;
  const conflicting = transaction(database.db, async (db) => {
    runs += 1;
    await sql`do $$ begin raise exception 'conflict' using errcode = '40001'; end $$`.execute(db);
  });
  await expect(conflicting).rejects.toThrow('conflict');
  expect(runs).toBe(5);
});

test('other failures are not tried again', async () => {
  let runs = 0;
  const failing = transaction(database.db, async (db) => {
    runs += 1;
    await sql`select 1 / 0`.execute(db);
  });
  await expect(failing).rejects.toThrow('division by zero');
  expect(runs).toBe(1);
});

test('a violated constraint is told by its name', async () => {
  const violated = (change: Promise<unknown>) => change.catch(constraintOf);
  await insert(database.db, 1);
  expect(await violated(insert(database.db, 1))).toBe('numbers_pkey');
  expect(await violated(insert(database.db, 2, 0, 99))).toBe('numbers_parent');
  expect(await violated(insert(database.db, 2, 1000))).toBe('numbers_small');
  expect(await violated(transaction(database.db, (db) => insert(db, 1)))).toBe('numbers_pkey');
  expect(await violated(sql`select 1 / 0`.execute(database.db))).toBeUndefined();
  expect(constraintOf(new Error('23505'))).toBeUndefined();
});
