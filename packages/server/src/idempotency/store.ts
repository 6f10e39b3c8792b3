import { type Selectable, sql } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { Db } from '../database/transaction.ts';

export type KeyRow = Selectable<Tables['idempotency_keys']>;

/** One use of a key: its row, and no later one of the same key. */
export interface KeyUse {
  caller: string;
  key: string;
  createdAt: Date;
}

/**
 * Takes the key, if nobody has since `before`.
 * @returns whether it is taken now; of any number that ask at once, one gets it
 */
export async function takeKey(
  db: Db,
  { caller, key, createdAt }: KeyUse,
  fingerprint: Buffer,
  before: Date,
): Promise<boolean> {
  const taken = await db
    .insertInto('idempotency_keys')
    .values({ caller, key, fingerprint, created_at: createdAt })
    .onConflict((conflict) =>
      conflict
        .columns(['caller', 'key'])
        .doUpdateSet({
          fingerprint,
          created_at: createdAt,
          status: null,
          headers: null,
          body: null,
        })
        .where('idempotency_keys.created_at', '<', sql<string>`${before}`),
    )
    .returning('key')
    .executeTakeFirst();
  return taken !== undefined;
}

export async function findKey(db: Db, caller: string, key: string): Promise<KeyRow | undefined> {
  return db
    .selectFrom('idempotency_keys')
    .selectAll()
    .where('caller', '=', caller)
    .where('key', '=', key)
    .executeTakeFirst();
}

/** @param body encrypted; `null`: too large to keep */
export async function completeKey(
  db: Db,
  { caller, key, createdAt }: KeyUse,
  answer: { status: number; headers: Record<string, string>; body: string | null },
): Promise<void> {
  const { status, headers, body } = answer;
  await db
    .updateTable('idempotency_keys')
    .set({ status, headers: JSON.stringify(headers), body })
    .where('caller', '=', caller)
    .where('key', '=', key)
    .where('created_at', '=', sql<string>`${createdAt}`)
    .where('status', 'is', null)
    .execute();
}

export async function deleteKey(db: Db, { caller, key, createdAt }: KeyUse): Promise<void> {
  await db
    .deleteFrom('idempotency_keys')
    .where('caller', '=', caller)
    .where('key', '=', key)
    .where('created_at', '=', sql<string>`${createdAt}`)
    .where('status', 'is', null)
    .execute();
}

/** @returns how many were deleted: at most `limit`, the oldest first */
export async function deleteKeysBefore(db: Db, before: Date, limit: number): Promise<number> {
  const result = await db
    .deleteFrom('idempotency_keys')
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('caller', 'key'),
        'in',
        selectFrom('idempotency_keys')
          .select(['caller', 'key'])
          .where('created_at', '<', sql<string>`${before}`)
          .orderBy('created_at')
          .limit(limit)
          .$asTuple('caller', 'key'),
      ),
    )
    .where('created_at', '<', sql<string>`${before}`)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
