import type { Db } from '../database/transaction.ts';

export interface Canary {
  key_id: string;
  key_check: string;
}

/** What was sealed at the first start; `undefined`: nothing was sealed yet. */
export async function findCanary(db: Db): Promise<Canary | undefined> {
  const { key_id, key_check } = await db
    .selectFrom('installation')
    .select(['key_id', 'key_check'])
    .executeTakeFirstOrThrow();
  return key_id !== null && key_check !== null ? { key_id, key_check } : undefined;
}

/** Of two homes that start on one new database the first wins; the other is then refused. */
export async function insertCanary(db: Db, canary: Canary): Promise<void> {
  await db.updateTable('installation').set(canary).where('key_check', 'is', null).execute();
}

export async function updateCanary(db: Db, canary: Canary): Promise<void> {
  await db.updateTable('installation').set(canary).execute();
}

/** Kept answers are sealed, and known by what a derived key has signed: they end with the key. */
export async function deleteKeptAnswers(db: Db): Promise<void> {
  await db.deleteFrom('idempotency_keys').execute();
}
