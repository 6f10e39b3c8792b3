import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';
import { transaction } from '../database/transaction.ts';

/** How long events are kept, and how many: whichever is less. */
export interface EventLimits {
  days: number;
  count: number;
}

export interface EventRetention {
  /** Of the audit trail. */
  deeds: EventLimits;
  telemetry: EventLimits;
}

const defaultRetention: EventRetention = {
  deeds: { days: 400, count: 1_000_000 },
  telemetry: { days: 7, count: 200_000 },
};

/** So few that nobody waits for them. */
const batchSize = 5_000;

/** From this `seq` on every event is kept. */
export async function findOldestSeq(db: Db): Promise<number> {
  const row = await db.selectFrom('event_floor').select('oldest_seq').executeTakeFirst();
  return row?.oldest_seq ?? 1;
}

/**
 * Removes events that are too old or too many, in batches. What is removed of the audit trail is its
 * beginning, and the hash of the last of it is kept, so that the rest can still be verified. The
 * newest event always stays, as the next one is numbered after it.
 */
export async function forgetOldEvents(
  db: Db,
  retention: EventRetention = defaultRetention,
): Promise<void> {
  while (await transaction(db, (db) => forgetTelemetry(db, retention.telemetry))) {}
  while (await transaction(db, (db) => forgetDeeds(db, retention.deeds))) {}
}

/** @returns whether there may be more */
async function forgetTelemetry(db: Db, { days, count }: EventLimits): Promise<boolean> {
  await permit(db);
  const { rows } = await sql<{ removed: number; last: number | null }>`
    with old as (
      select seq from events
      where telemetry and seq is not null
        and seq < (select max(seq) from events)
        and (created_at < now() - make_interval(days => ${days})
          or seq <= (select seq from events where telemetry and seq is not null
            order by seq desc offset ${count} limit 1))
      order by seq limit ${batchSize}
    ), removed as (
      delete from events where seq in (select seq from old) returning seq
    )
    select count(*) as removed, max(seq) as last from removed`.execute(db);
  const { removed = 0, last = null } = rows[0] ?? {};
  if (last !== null) await raiseFloor(db, last);
  return removed === batchSize;
}

/** @returns whether there may be more */
async function forgetDeeds(db: Db, { days, count }: EventLimits): Promise<boolean> {
  await permit(db);
  // A beginning without a gap: up to the newest of what is too old, by order and not by time.
  const { rows } = await sql<{ removed: number; last: number | null; hash: Buffer | null }>`
    with old as (
      select seq, hash from events
      where hash is not null
        and seq < (select max(seq) from events where hash is not null)
        and seq <= greatest(
          (select max(seq) from events
            where hash is not null and created_at < now() - make_interval(days => ${days})),
          (select seq from events where hash is not null
            order by seq desc offset ${count} limit 1))
      order by seq limit ${batchSize}
    ), removed as (
      delete from events where seq in (select seq from old) returning seq
    )
    select (select count(*) from removed) as removed, seq as last, hash
    from old order by seq desc limit 1`.execute(db);
  const [{ removed, last, hash } = { removed: 0, last: null, hash: null }] = rows;
  if (last === null) return false;
  await raiseFloor(db, last);
  await sql`update event_floor set chain_seq = ${last}, chain_hash = ${hash}`.execute(db);
  return removed === batchSize;
}

async function raiseFloor(db: Db, lastRemoved: number): Promise<void> {
  await sql`update event_floor set oldest_seq = greatest(oldest_seq, ${lastRemoved} + 1)`.execute(
    db,
  );
}

/** The trigger that keeps events lets this transaction remove some. */
async function permit(db: Db): Promise<void> {
  await sql`set local borgos.retention = 'on'`.execute(db);
}
