import { sql } from 'kysely';
import { type Db, transaction } from '../database/transaction.ts';

export interface ErrorLimits {
  days: number;
  count: number;
}

const defaultLimits: ErrorLimits = { days: 90, count: 1_000_000 };
/** So few that nobody waits for them. */
const batchSize = 2_000;
const dayMs = 86_400_000;

/** Deletes errors that are too old or too many, in batches, and groups that were seen in none of them. */
export async function forgetOldErrors(
  db: Db,
  now: Date,
  { days, count }: ErrorLimits = defaultLimits,
): Promise<void> {
  const before = new Date(now.getTime() - days * dayMs);
  const { rows } = await sql<{ id: number }>`
    select id from errors order by id desc offset ${count} limit 1`.execute(db);
  const upTo = rows[0]?.id ?? 0;
  while (await transaction(db, (db) => forgetBatch(db, before, upTo))) {}
  await db
    .deleteFrom('error_hours')
    .where('hour', '<', sql<string>`${new Date(now.getTime() - 2 * dayMs)}`)
    .execute();
  // One that is being logged again is newer by then, and stays.
  await sql`delete from error_groups g
    where g.last_seen < ${before}
      and not exists (select from error_counts c where c.group_id = g.id)`.execute(db);
}

/** @returns whether there may be more */
async function forgetBatch(db: Db, before: Date, upTo: number): Promise<boolean> {
  const { rows } = await sql<{ removed: number }>`
    with old as (
      select id from errors where id <= ${upTo}
      union
      select id from (
        select id from errors where occurred_at < ${before} order by occurred_at limit ${batchSize}
      ) by_age
      limit ${batchSize}
    ), removed as (
      delete from errors e using error_groups g
      where e.id in (select id from old) and g.id = e.group_id
      returning e.group_id, e.error_type, e.severity, e.deployment_id,
        e.id <= g.resolved_through as is_resolved
    ), lessened as (
      update error_counts c set count = c.count - r.removed, open = c.open - r.removed_open
      from (
        select group_id, error_type, severity, coalesce(deployment_id, 0) as deployment_id,
          count(*) as removed, count(*) filter (where is_resolved is not true) as removed_open
        from removed group by 1, 2, 3, 4
      ) r
      where (c.group_id, c.error_type, c.severity, c.deployment_id)
        = (r.group_id, r.error_type, r.severity, r.deployment_id)
    )
    select count(*) as removed from removed`.execute(db);
  await sql`delete from error_counts where count <= 0`.execute(db);
  return rows[0]?.removed === batchSize;
}
