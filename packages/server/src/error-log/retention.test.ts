import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { forgetOldErrors } from './retention-store.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
const totalOf = async (filter: object) => (await app.client.errors.list(filter)).pagination.total;

/** What is counted in advance is what there is. */
async function expectCountsToBeTrue(): Promise<void> {
  const { rows } = await sql<{ kept: number; counted: number; open: number; counted_open: number }>`
    select (select count(*) from errors) as kept,
      (select coalesce(sum(count), 0)::bigint from error_counts) as counted,
      (select count(*) from errors e join error_groups g on g.id = e.group_id
        where e.id <= g.resolved_through is not true) as open,
      (select coalesce(sum(open), 0)::bigint from error_counts) as counted_open`.execute(
    app.app.database.db,
  );
  const [row] = rows;
  expect(row?.counted).toBe(row?.kept);
  expect(row?.counted_open).toBe(row?.open);
}

test('errors are forgotten when they are too old or too many, and so are groups without any', async () => {
  const { db } = app.app.database;
  const log = (message: string, days: number, count: number) =>
    app.client.errors.create({
      items: Array.from({ length: count }, () => ({ message, occurred_at: daysAgo(days) })),
    });
  await log('Old and gone', 100, 3);
  await log('Resolved once', 100, 2);
  await log('Resolved once', 1, 4);
  const groups = (await app.client.errorGroups.list({})).data;
  const resolved = groups.find(({ message }) => message === 'Resolved once');
  await app.client.errorGroups.resolve({ id: resolved?.id ?? 0 });
  await log('Resolved once', 0, 1);
  await log('New', 0, 5);
  expect(await totalOf({})).toBe(15);

  await forgetOldErrors(db, new Date(), { days: 90, count: 1_000 });
  expect(await totalOf({})).toBe(10);
  expect(await totalOf({ resolved: true })).toBe(4);
  expect(await totalOf({ resolved: false })).toBe(6);
  const messages = (await app.client.errorGroups.list({})).data.map(({ message }) => message);
  expect(messages.sort()).toEqual(['New', 'Resolved once']);
  await expectCountsToBeTrue();

  await forgetOldErrors(db, new Date(), { days: 90, count: 3 });
  expect(await totalOf({})).toBe(3);
  await expectCountsToBeTrue();
  const kept = await app.client.errors.list({});
  expect(kept.data.map(({ message }) => message)).toEqual(['New', 'New', 'New']);
});
