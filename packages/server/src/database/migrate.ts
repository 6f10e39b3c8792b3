import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import type { BaseLogger } from 'pino';
import { connectionTo } from './open.ts';

interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

const fileName = /^\d{4}-[a-z0-9-]+\.sql$/;
/** Any number that nothing else locks: it is that of BorgOS's migrations. */
const lockNumber = 4_207_849_484;
const lockTimeout = '5min';
const statementTimeout = '30min';

/**
 * Brings the schema up to date: runs the files of `folder` that were not run yet, in order, each
 * in a transaction of its own. Of several that do this at once, one works and the others wait.
 *
 * Throws, before it changes anything, when the database was migrated by a newer BorgOS, or when a
 * file that was run has changed since. Returns the names of what it ran.
 */
export async function migrate({
  connectionString,
  log,
  folder = join(import.meta.dirname, 'migrations'),
}: {
  connectionString: string;
  log: Pick<BaseLogger, 'debug'>;
  folder?: string;
}): Promise<string[]> {
  const migrations = await readMigrations(folder);
  // A connection of its own: the lock belongs to it, and is free again when this process dies.
  const client = new Client({
    ...connectionTo(connectionString),
    application_name: 'borgos migrate',
  });
  // Told by the query that fails; unheard, it would also end the process.
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(`set lock_timeout = '${lockTimeout}'`);
    await client.query(`set statement_timeout = '${statementTimeout}'`);
    await client.query('select pg_advisory_lock($1)', [lockNumber]);
    const pending = await findPending(client, migrations);
    for (const migration of pending) await run(client, migration, log);
    return pending.map(({ name }) => name);
  } finally {
    await client.end().catch(() => {});
  }
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (file) => {
      if (!fileName.test(file)) {
        throw new Error(`${join(folder, file)} is not named like 0001-what-it-does.sql`);
      }
      const sql = await readFile(join(folder, file), 'utf8');
      // A checkout may have other line ends than the one that was run.
      const checksum = createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex');
      return { name: file.replace(/\.sql$/, ''), sql, checksum };
    }),
  );
}

/** What is still to be run: what was run has to be the beginning of the list, unchanged. */
async function findPending(client: Client, migrations: Migration[]): Promise<Migration[]> {
  await client.query(`
    create table if not exists migrations (
      name text primary key,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`);
  const { rows: applied } = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from migrations order by name collate "C"',
  );
  for (const [index, { name, checksum }] of applied.entries()) {
    const known = migrations.find((migration) => migration.name === name);
    if (!known) {
      throw new Error(
        `The database was made by a newer BorgOS: it has the migration ${name}, which this version ` +
          'does not know. Start that version again, or restore a backup from before the upgrade.',
      );
    }
    if (known.checksum !== checksum) {
      throw new Error(
        `The migration ${name} was changed after it was run on this database. ` +
          'Restore its file, and put the change into a new migration.',
      );
    }
    if (migrations[index] !== known) {
      throw new Error(
        `The migration ${migrations[index]?.name} would run after ${name}, which was run already. ` +
          'Give it a higher number.',
      );
    }
  }
  return migrations.slice(applied.length);
}

async function run(
  client: Client,
  { name, sql, checksum }: Migration,
  log: Pick<BaseLogger, 'debug'>,
): Promise<void> {
  await client.query('begin');
  try {
    await client.query(sql);
    await client.query('insert into migrations (name, checksum) values ($1, $2)', [name, checksum]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw new Error(
      `The migration ${name} failed, and the database is as it was before it: ` +
        `${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  log.debug({ migration: name }, 'database migrated');
}
