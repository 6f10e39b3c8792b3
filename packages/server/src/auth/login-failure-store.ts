import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';

export interface Try {
  key: string;
  /** Seconds to wait after the first failure, the second, and so on; the last is for all others. */
  waits: readonly number[];
  now: Date;
  /** Failures of before are forgotten. */
  since: Date;
}

/**
 * Counts a failure, in the one statement that also decides whether a try is allowed: of many at the
 * same moment, each sees those before. `false`: it is not, and nothing was counted.
 */
export async function reserveTry(db: Db, { key, waits, now, since }: Try): Promise<boolean> {
  const { rows } = await sql`
    insert into login_failures as known (key, failures, blocked_until, last_at)
    values (${key}, 1, ${now}::timestamptz + make_interval(secs => ${waits[0] ?? 0}), ${now})
    on conflict (key) do update set
      failures = case when known.last_at < ${since} then 1 else known.failures + 1 end,
      blocked_until = ${now}::timestamptz + make_interval(secs => (${waits}::integer[])[
        case when known.last_at < ${since} then 1
          else least(known.failures + 1, ${waits.length}::integer) end]),
      last_at = ${now}
    where known.blocked_until <= ${now}
    returning key`.execute(db);
  return rows.length > 0;
}

/** Until when the longest wait of these lasts; `undefined`: none waits. */
export async function findBlockedUntil(
  db: Db,
  keys: string[],
  now: Date,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('login_failures')
    .select('blocked_until')
    .where('key', 'in', keys)
    .where('blocked_until', '>', now.toISOString())
    .orderBy('blocked_until', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.blocked_until;
}

export async function deleteFailures(db: Db, keys: string[]): Promise<void> {
  await db.deleteFrom('login_failures').where('key', 'in', keys).execute();
}

export async function deleteOldFailures(db: Db, before: Date, most: number): Promise<void> {
  await sql`
    delete from login_failures where key in
      (select key from login_failures where last_at < ${before} limit ${most})`.execute(db);
}
