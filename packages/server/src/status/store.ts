import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';

/** Resolves when the database has answered. */
export async function ping(db: Db): Promise<void> {
  await sql`select 1`.execute(db);
}
