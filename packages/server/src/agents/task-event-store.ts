import type { TaskEvent } from '@borgos/contracts/agent-tasks';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';

export type NewTaskEvent = Pick<TaskEvent, 'type' | 'data'>;

/**
 * Adds events to a task, in its transaction: the row of the task counts them, and is held until the
 * commit, so that there is no gap and nobody sees a later one first.
 * @param onlyIn the attempt that must still run; otherwise nothing is added
 * @returns the `seq` of the last one; `undefined`: there is no such task, or it does not run any more
 */
export async function appendTaskEvents(
  db: Db,
  taskId: number,
  events: NewTaskEvent[],
  onlyIn?: number,
): Promise<number | undefined> {
  let counting = db
    .updateTable('agent_tasks')
    .set(({ eb }) => ({ last_seq: eb('last_seq', '+', events.length) }))
    .where('id', '=', taskId);
  if (onlyIn !== undefined) {
    counting = counting.where('attempt', '=', onlyIn).where('status', '=', 'running');
  }
  const task = await counting.returning(['last_seq', 'attempt']).executeTakeFirst();
  if (!task || events.length === 0) return task?.last_seq;
  const first = task.last_seq - events.length;
  await sql`
    insert into agent_task_events (task_id, seq, attempt, type, data)
    select ${taskId}, ${first}::bigint + place, ${task.attempt}, event ->> 'type', event -> 'data'
    from jsonb_array_elements(${JSON.stringify(events)}::jsonb) with ordinality as e (event, place)`.execute(
    db,
  );
  return task.last_seq;
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
