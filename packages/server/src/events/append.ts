import type { Actor } from '@borgos/contracts/caller';
import type { EventData, EventType } from '@borgos/contracts/events';
import type { Db } from '../database/transaction.ts';

/** The channel on which PostgreSQL tells that events were committed. */
export const eventsChannel = 'borgos_events';

/**
 * Records an event in the transaction of the change it tells of: both are committed, or neither.
 * Its `seq` is given at the commit, by a trigger: see migrations/0004-audit.sql.
 * @param actor who changed it, for the audit trail
 */
export async function appendEvent<T extends EventType>(
  db: Db,
  type: T,
  data: EventData<T>,
  actor: Actor,
): Promise<void> {
  await db
    .insertInto('events')
    .values({ type, data: JSON.stringify(data), actor: JSON.stringify(actor) })
    .execute();
}
