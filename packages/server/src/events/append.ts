import type { Actor } from '@borgos/contracts/caller';
import type { EventData, EventType } from '@borgos/contracts/events';
import { patternsFor, type Told, webhookNamesOf } from '@borgos/contracts/webhook-events';
import { sql } from 'kysely';
import { type Db, transaction } from '../database/transaction.ts';

/** The channel on which PostgreSQL tells that events were committed. */
export const eventsChannel = 'borgos_events';

/** What is no deed, and may come in great numbers: in the feed, but not in the audit trail. */
const telemetry: ReadonlySet<EventType> = new Set([
  'scan_progress',
  'index_progress',
  'index_completed',
  'index_failed',
  'error_logged',
  'system_status',
  'task_progress',
]);

/**
 * Records an event in the transaction of the change it tells of, and what is to be delivered of it
 * to webhooks: all are committed, or none. Its `seq` is given at the commit, by a trigger: see
 * migrations/0004-audit.sql and 0010-event-retention.sql.
 * @param actor who changed it, for the audit trail
 */
export async function appendEvent<T extends EventType>(
  db: Db,
  type: T,
  data: EventData<T>,
  actor: Actor,
): Promise<void> {
  const names = webhookNamesOf({ type, data } as Told);
  await transaction(db, async (db) => {
    const { id } = await db
      .insertInto('events')
      .values({
        type,
        telemetry: telemetry.has(type),
        data: JSON.stringify(data),
        actor: JSON.stringify(actor),
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await enqueueDeliveries(db, [{ id, names }]);
  });
}

/**
 * Records many logged errors at once. It must be the last statement of its transaction: from here on
 * it holds back everybody else's commit.
 */
export async function appendLoggedErrors(
  db: Db,
  entries: EventData<'error_logged'>[],
  actor: Actor,
): Promise<void> {
  const { rows } = await sql<{ event_id: number }>`
    select event_id from append_telemetry(
      'error_logged', ${JSON.stringify(entries)}::jsonb, ${JSON.stringify(actor)}::jsonb)`.execute(
    db,
  );
  const told = entries.map((data, index) => ({
    id: rows[index]?.event_id ?? 0,
    names: webhookNamesOf({ type: 'error_logged', data }),
  }));
  await enqueueDeliveries(db, told);
}

/**
 * Writes a delivery for each active webhook that wants to be told. A webhook that is being deleted
 * in this moment is passed over, lest the change that the event tells of fails for it.
 */
async function enqueueDeliveries(
  db: Db,
  told: { id: number; names: ReturnType<typeof webhookNamesOf> }[],
): Promise<void> {
  const wanted = told
    .filter(({ names }) => names.length > 0)
    .map(({ id, names }) => ({ id, names, patterns: patternsFor(names) }));
  if (wanted.length === 0) return;
  // By its most telling name, of those that the webhook asked for; a pattern asks for all.
  await sql`
    with receivers as materialized (
      select id, events from webhooks where is_active for key share skip locked
    ), told as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb)
        as t (id bigint, names text[], patterns text[])
    )
    insert into webhook_deliveries (webhook_id, event, body)
    select r.id, n.name,
      '{"type":' || to_json(n.name) || ',"timestamp":' || to_json(to_char(
        e.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
      || ',"data":' || e.data || '}'
    from told t
    join events e on e.id = t.id
    join receivers r on r.events && t.patterns
    cross join lateral (
      select name from unnest(t.names) with ordinality as named (name, place)
      where name = any (r.events) or r.events && t.patterns[1:2]
      order by place desc limit 1
    ) n`.execute(db);
}
