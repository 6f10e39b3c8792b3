import type { AgentTask, NewTask } from '@borgos/contracts/agent-tasks';
import { type Selectable, sql } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { Db } from '../database/transaction.ts';

/** A task with what only BorgOS itself needs to know of it. */
export type TaskRow = Selectable<Tables['agent_tasks']>;

export interface TaskFilter {
  status?: AgentTask['status'] | undefined;
  agent_type?: string | undefined;
  project_id?: number | undefined;
}

export interface TaskOrigin {
  schedule_id?: number;
  trigger_key?: string | null;
  trigger_depth?: number;
}

export async function insertTask(
  db: Db,
  task: NewTask & { permission_policy: AgentTask['permission_policy'] },
  origin: TaskOrigin,
): Promise<TaskRow> {
  return db
    .insertInto('agent_tasks')
    .values({
      project_id: task.project_id ?? null,
      agent_type: task.agent_type,
      task_type: task.task_type,
      description: task.description,
      prompt: task.prompt ?? null,
      priority: task.priority,
      input_data: JSON.stringify(task.input_data ?? {}),
      model: task.model ?? null,
      permission_policy: task.permission_policy,
      deadline_seconds: task.deadline_seconds,
      max_tokens: task.max_tokens ?? null,
      max_cost_usd: task.max_cost_usd ?? null,
      ...origin,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function findTask(db: Db, id: number): Promise<TaskRow | undefined> {
  return db.selectFrom('agent_tasks').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Until the end of the transaction nobody else changes it. */
export async function lockTask(db: Db, id: number): Promise<TaskRow | undefined> {
  return db
    .selectFrom('agent_tasks')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
}

export async function listTasks(
  db: Db,
  filter: TaskFilter,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ items: TaskRow[]; total: number }> {
  let query = db.selectFrom('agent_tasks');
  if (filter.status) query = query.where('status', '=', filter.status);
  if (filter.agent_type) query = query.where('agent_type', '=', filter.agent_type);
  if (filter.project_id) query = query.where('project_id', '=', filter.project_id);
  const items = await query
    .selectAll()
    .orderBy('priority', 'desc')
    .orderBy('id')
    .limit(limit)
    .offset(offset)
    .execute();
  const { total } = await query.select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow();
  return { items, total };
}

/** The row, as the API shows it. */
export function taskOf(row: TaskRow): AgentTask {
  const { id, attempt, started_at, completed_at } = row;
  const end = completed_at === null ? Date.now() : Date.parse(completed_at);
  return {
    id,
    project_id: row.project_id,
    agent_type: row.agent_type,
    task_type: row.task_type,
    description: row.description,
    prompt: row.prompt,
    status: row.status,
    status_reason: row.status_reason,
    priority: row.priority,
    input_data: row.input_data,
    output_data: row.output_data,
    error_code: row.error_code,
    error_message: row.error_message,
    model: row.model,
    permission_policy: row.permission_policy,
    deadline_seconds: row.deadline_seconds,
    max_tokens: row.max_tokens,
    max_cost_usd: row.max_cost_usd,
    usage: {
      input_tokens: row.input_tokens,
      output_tokens: row.output_tokens,
      cost_usd: row.cost_usd,
    },
    attempt,
    external_ref: attempt === 0 ? null : externalRefOf(id, attempt),
    last_seq: row.last_seq,
    branch: row.branch,
    review: row.review,
    cancel_requested: row.cancel_requested_at !== null && completed_at === null,
    schedule_id: row.schedule_id,
    created_at: row.created_at,
    started_at,
    completed_at,
    duration_ms: started_at === null ? null : Math.max(0, end - Date.parse(started_at)),
  };
}

/** How an attempt is called on the agent's side. */
export function externalRefOf(taskId: number, attempt: number): string {
  return `borgos-${taskId}-${attempt}`;
}

/** How many wait, but no more than `most` are counted. */
export async function countPending(db: Db, most: number): Promise<number> {
  const { count } = await db
    .selectFrom(
      db
        .selectFrom('agent_tasks')
        .select('id')
        .where('status', '=', 'pending')
        .limit(most)
        .as('pending'),
    )
    .select(sql<number>`count(*)`.as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

/** Deletes tasks that ended before then, with their events; those whose changes wait are kept. */
export async function deleteEndedBefore(db: Db, before: Date, most: number): Promise<number> {
  const deleted = await db
    .deleteFrom('agent_tasks')
    .where('id', 'in', ({ selectFrom }) =>
      selectFrom('agent_tasks')
        .select('id')
        .where('completed_at', '<', sql<string>`${before}`)
        .where('review', '!=', 'awaiting')
        .orderBy('id')
        .limit(most),
    )
    .returning('id')
    .execute();
  return deleted.length;
}
