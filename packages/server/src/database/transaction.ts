import { setTimeout as wait } from 'node:timers/promises';
import type { Kysely, Transaction } from 'kysely';
import { DatabaseError } from 'pg';
import type { Tables } from './tables.ts';

/** What all store functions take first: the database, or the transaction they are part of. */
export type Db = Kysely<Tables> | Transaction<Tables>;

const attempts = 5;
const serializationFailure = '40001';
const deadlockDetected = '40P01';

/**
 * Runs `change` in a transaction: committed when it resolves, rolled back when it throws. Given a
 * transaction, it becomes part of that one.
 *
 * A transaction that PostgreSQL sacrifices to another is tried again, five times at most, so
 * `change` must do nothing but work on its `db`, and nothing slow.
 */
export async function transaction<T>(
  db: Db,
  change: (db: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  if (isTransaction(db)) return change(db);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().execute(change);
    } catch (error) {
      if (attempt === attempts || !isSacrificed(error)) throw error;
      // At random, lest two that collided do so again.
      await wait(Math.random() * 20 * 2 ** attempt);
    }
  }
}

function isTransaction(db: Db): db is Transaction<Tables> {
  return db.isTransaction;
}

function isSacrificed(error: unknown): boolean {
  return (
    error instanceof DatabaseError &&
    (error.code === serializationFailure || error.code === deadlockDetected)
  );
}

/**
 * The name of the constraint that a statement violated: a unique or foreign key, a check or an
 * exclusion; `undefined` for every other error.
 */
export function constraintOf(error: unknown): string | undefined {
  const violated = error instanceof DatabaseError && error.code?.startsWith('23');
  return violated ? error.constraint : undefined;
}

/** Whether a statement failed for one of its values, as a moment that PostgreSQL does not know. */
export function isRefusedValue(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code?.startsWith('22') ?? false);
}
