import type { TaskEvent } from '@borgos/contracts/agent-tasks';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';

export type NewTaskEvent = Pick<TaskEvent, 'type' | 'data'>;

/**
 * Adds events to a task, in one statement: the row of the task counts them, and is held until the
 * commit, so that there is no gap and nobody sees a later one first.
 * @param onlyIn the attempt that must still run; otherwise nothing is added
 * @param position of that attempt, once they are added
 * @returns the `seq` of the last one; `undefined`: there is no such task, or it does not run any more
 */
export async function appendTaskEvents(
  db: Db,
  taskId: number,
  events: NewTaskEvent[],
  { onlyIn = null, position = null }: { onlyIn?: number | null; position?: number | null } = {},
): Promise<number | undefined> {
  const { rows } = await sql<{ last_seq: number }>`
    with task as (
      update agent_tasks set last_seq = last_seq + ${events.length}
      where id = ${taskId}
        and (${onlyIn}::integer is null or (attempt = ${onlyIn} and status = 'running'))
      returning id, attempt, last_seq
    ), added as (
      insert into agent_task_events (task_id, seq, attempt, type, data)
      select id, last_seq - ${events.length} + place, attempt, event ->> 'type', event -> 'data'
      from task, jsonb_array_elements(${JSON.stringify(events)}::jsonb)
        with ordinality as e (event, place)
    ), noted as (
      update agent_attempts a set position = ${position}::bigint
      from task where a.task_id = id and a.number = attempt and ${position}::bigint is not null
    )
    select last_seq from task`.execute(db);
  return rows[0]?.last_seq;
}

export async function listTaskEvents(
  db: Db,
  taskId: number,
  { since, types }: { since: number; types: readonly TaskEvent['type'][] | undefined },
  { limit, offset }: { limit: number; offset: number },
): Promise<{ items: TaskEvent[]; total: number }> {
  let query = db
    .selectFrom('agent_task_events')
    .where('task_id', '=', taskId)
    .where('seq', '>', since);
  if (types) query = query.where('type', 'in', [...types]);
  const items = await query
    .select(['task_id', 'seq', 'attempt', 'type', 'data', 'created_at'])
    .orderBy('seq')
    .limit(limit)
    .offset(offset)
    .execute();
  const { total } = await query.select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow();
  return { items, total };
}
