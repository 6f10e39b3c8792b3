import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { isPostmaster } from '../database/postmaster-lock.ts';
import { cloneDatabase } from './cloned-database.ts';
import { startPostgresChild } from './embedded-postgres-child.ts';

async function query(connectionString: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('clones made at once are migrated, and know nothing of each other', async () => {
  const clones = await Promise.all(Array.from({ length: 8 }, () => cloneDatabase()));
  const insert = `insert into projects (name, path) values ('a', '/a') returning id`;
  for (const { databaseUrl } of clones)
    expect(await query(databaseUrl, insert)).toEqual([{ id: 1 }]);
  await Promise.all(clones.map(({ drop }) => drop()));
  await expect(query(clones[0]?.databaseUrl ?? '', 'select 1')).rejects.toThrow('does not exist');
});

test('a clone is dropped although somebody is connected', async () => {
  const { databaseUrl, drop } = await cloneDatabase();
  const client = new Client({ connectionString: databaseUrl });
  client.on('error', () => {});
  const lost = new Promise<void>((resolve) => client.once('end', resolve));
  await client.connect();
  await drop();
  await lost;
});

test('when the tests are killed, their cluster ends and its files are removed', async () => {
  const home = await mkdtemp(join(tmpdir(), 'borgos-test-postgres-'));
  const { child, pid } = await startPostgresChild({ home, removeHome: true });
  expect(await isPostmaster(pid, join(home, 'postgres', 'data'))).toBe(true);
  // What the death of this process would do.
  child.stdin?.destroy();
  await expect.poll(() => stat(home).catch(() => 'gone'), { timeout: 15_000 }).toBe('gone');
  expect(await isPostmaster(pid, join(home, 'postgres', 'data'))).toBe(false);
});
