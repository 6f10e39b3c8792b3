import type { EventData, EventType } from '@borgos/contracts/events';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';

/** The channel on which PostgreSQL tells that events were committed. */
export const eventsChannel = 'borgos_events';

/**
 * Records an event in the transaction of the change it tells of: both are committed, or neither.
 *
 * Call it last in the transaction. It takes a lock that is held until the commit, so that `seq`
 * grows in the order of commits: a reader that has seen `seq` 7 will never be shown a 6 later.
 */
export async function appendEvent<T extends EventType>(
  db: Db,
  type: T,
  data: EventData<T>,
): Promise<void> {
  await sql`
    with locked as materialized (select pg_advisory_xact_lock(hashtext(${eventsChannel}))),
    added as (
      insert into events (type, data) select ${type}, ${JSON.stringify(data)}::jsonb from locked
      returning seq
    )
    select pg_notify(${eventsChannel}, seq::text) from added`.execute(db);
}
