import type { Db } from '../database/transaction.ts';

export async function findSetupTokenHash(db: Db): Promise<Buffer | null> {
  const row = await db
    .selectFrom('installation')
    .select('setup_token_hash')
    .executeTakeFirstOrThrow();
  return row.setup_token_hash;
}

/** Of several that make the first administrator, one goes on and the others wait for its commit. */
export async function lockSetup(db: Db): Promise<Buffer | null> {
  const row = await db
    .selectFrom('installation')
    .select('setup_token_hash')
    .forUpdate()
    .executeTakeFirstOrThrow();
  return row.setup_token_hash;
}

export async function updateSetupTokenHash(db: Db, hash: Buffer | null): Promise<void> {
  await db.updateTable('installation').set({ setup_token_hash: hash }).execute();
}
