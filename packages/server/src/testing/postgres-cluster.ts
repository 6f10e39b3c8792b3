import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import type { TestProject } from 'vitest/node';
import { migrate } from '../database/migrate.ts';
import { startPostgresChild } from './embedded-postgres-child.ts';

export const templateDatabase = 'borgos_template';

declare module 'vitest' {
  interface ProvidedContext {
    /** The cluster of this run, as its superuser. */
    postgresConnectionString: string;
  }
}

/**
 * One PostgreSQL for all tests of a run, with a migrated database to clone: see cloneDatabase. It
 * belongs to a process of its own, which ends it and removes its files also when the tests are
 * killed.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), 'borgos-test-postgres-'));
  const postgres = await startPostgresChild({
    home,
    removeHome: true,
    settings: {
      // Nothing of it has to survive.
      fsync: 'off',
      full_page_writes: 'off',
      synchronous_commit: 'off',
      // Many test files at once, each with a whole application.
      max_connections: '300',
    },
  });
  try {
    await makeTemplate(postgres.connectionString);
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  project.provide('postgresConnectionString', postgres.connectionString);
  return () => postgres.stop();
}

async function makeTemplate(connectionString: string): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    await client.query(`create database ${templateDatabase}`);
    await migrate({
      connectionString: withDatabase(connectionString, templateDatabase),
      log: pino({ level: 'silent' }),
    });
  } finally {
    await client.end();
  }
}

/** The same server, another database. */
export function withDatabase(connectionString: string, database: string): string {
  const url = new URL(connectionString);
  url.pathname = `/${database}`;
  return url.href;
}
