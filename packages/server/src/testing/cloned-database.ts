import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import { templateDatabase, withDatabase } from './postgres-cluster.ts';

export interface ClonedDatabase {
  databaseUrl: string;
  /** Removes it, whoever is still connected. */
  drop(): Promise<void>;
}

/** A migrated, empty database of its own for a test file, in the cluster of the run. */
export async function cloneDatabase(): Promise<ClonedDatabase> {
  const cluster = inject('postgresConnectionString');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await query(cluster, `create database ${name} template ${templateDatabase}`);
  return {
    databaseUrl: withDatabase(cluster, name),
    drop: () => query(cluster, `drop database if exists ${name} with (force)`),
  };
}

async function query(connectionString: string, sql: string): Promise<void> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
