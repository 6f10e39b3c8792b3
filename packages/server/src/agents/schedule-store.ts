import type { Schedule } from '@borgos/contracts/agent-schedules';
import { type Insertable, type Selectable, sql, type Updateable } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { Db } from '../database/transaction.ts';

export type ScheduleRow = Selectable<Tables['agent_schedules']>;
export type ScheduleFields = Insertable<Tables['agent_schedules']>;
export type ScheduleChange = Updateable<Tables['agent_schedules']>;

/** The row, as the API shows it. */
export function scheduleOf(row: ScheduleRow): Schedule {
  const { trigger_event, trigger_project_id, project_id: _, last_event_seq: __, ...rest } = row;
  const trigger = trigger_event && { event: trigger_event, project_id: trigger_project_id };
  return { ...rest, trigger };
}

export async function insertSchedule(db: Db, fields: ScheduleFields): Promise<ScheduleRow> {
  return db.insertInto('agent_schedules').values(fields).returningAll().executeTakeFirstOrThrow();
}

export async function updateSchedule(
  db: Db,
  id: number,
  change: ScheduleChange,
): Promise<ScheduleRow | undefined> {
  return db
    .updateTable('agent_schedules')
    .set({ ...change, updated_at: new Date() })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
}

export async function deleteSchedule(db: Db, id: number): Promise<ScheduleRow | undefined> {
  return db.deleteFrom('agent_schedules').where('id', '=', id).returningAll().executeTakeFirst();
}

export async function findSchedule(db: Db, id: number): Promise<ScheduleRow | undefined> {
  return db.selectFrom('agent_schedules').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function listSchedules(
  db: Db,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ items: ScheduleRow[]; total: number }> {
  const query = db.selectFrom('agent_schedules');
  const items = await query.selectAll().orderBy('id', 'desc').limit(limit).offset(offset).execute();
  const { total } = await query.select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow();
  return { items, total };
}

/** One that is due, for this transaction alone. */
export async function lockDue(db: Db): Promise<ScheduleRow | undefined> {
  return db
    .selectFrom('agent_schedules')
    .selectAll()
    .where('is_active', '=', true)
    .where('next_run_at', '<=', sql<string>`now()`)
    .orderBy('next_run_at')
    .limit(1)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
}

export async function lockSchedule(db: Db, id: number): Promise<ScheduleRow | undefined> {
  return db
    .selectFrom('agent_schedules')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
}

/** What waits for events. */
export async function listTriggers(
  db: Db,
): Promise<Pick<ScheduleRow, 'id' | 'trigger_event' | 'trigger_project_id'>[]> {
  return db
    .selectFrom('agent_schedules')
    .select(['id', 'trigger_event', 'trigger_project_id'])
    .where('is_active', '=', true)
    .where('trigger_event', 'is not', null)
    .orderBy('id')
    .execute();
}

/** How many tasks it has made in the last hour. */
export async function countLastHour(db: Db, scheduleId: number): Promise<number> {
  const { count } = await db
    .selectFrom('agent_tasks')
    .select(sql<number>`count(*)`.as('count'))
    .where('schedule_id', '=', scheduleId)
    .where('created_at', '>', sql<string>`now() - interval '1 hour'`)
    .executeTakeFirstOrThrow();
  return count;
}

/** Whether a task of it has not ended; with a key: one for the same object. */
export async function hasOpenTask(
  db: Db,
  scheduleId: number,
  key: string | null,
): Promise<boolean> {
  let query = db
    .selectFrom('agent_tasks')
    .select('id')
    .where('schedule_id', '=', scheduleId)
    .where('status', 'in', ['pending', 'running']);
  if (key !== null) query = query.where('trigger_key', '=', key);
  return (await query.limit(1).executeTakeFirst()) !== undefined;
}

/** Up to where events have been looked at; `undefined`: never. */
export async function findPosition(db: Db): Promise<number | undefined> {
  const row = await db.selectFrom('agent_trigger_position').select('seq').executeTakeFirst();
  return row?.seq;
}

/** Moves the position forward. @returns whether it was before: of several servers one is told yes */
export async function advancePosition(db: Db, seq: number): Promise<boolean> {
  const row = await db
    .insertInto('agent_trigger_position')
    .values({ seq })
    .onConflict((conflict) =>
      conflict.column('is_only').doUpdateSet({ seq }).where('agent_trigger_position.seq', '<', seq),
    )
    .returning('seq')
    .executeTakeFirst();
  return row !== undefined;
}
