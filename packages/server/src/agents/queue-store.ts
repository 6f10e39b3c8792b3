import type { AgentTask, TaskFailure } from '@borgos/contracts/agent-tasks';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';
import type { AttemptRef } from './adapter.ts';
import { externalRefOf, type TaskRow } from './store.ts';

/** How many tasks may run, over all servers on the database. */
export interface RunLimits {
  running: number;
  /** Of one project. */
  perProject: number;
  /** By the names of agents. Those that are left out are not there: their tasks wait. */
  byAgent: Record<string, number>;
}

/** Any number below 2^32 that nothing else locks. */
const claimLock = 4_207_849_486;

/** Until the transaction ends, nobody else begins a task or counts those that run. */
export async function lockClaims(db: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(${claimLock})`.execute(db);
}

/**
 * Makes the first task in line that may run now run, for this home alone, and notes the attempt: from
 * here on the agent may have begun. One claim at a time, lest two see the same room under a limit.
 */
export async function claimNext(
  db: Db,
  home: string,
  limits: RunLimits,
): Promise<TaskRow | undefined> {
  await lockClaims(db);
  const { rows } = await sql<{ id: number }>`
    with running as materialized (
      select agent_type, project_id from agent_tasks where status = 'running'
    ), room as (
      select key as agent_type
      from jsonb_each_text(${JSON.stringify(limits.byAgent)}::jsonb)
      where value::integer > (select count(*) from running where running.agent_type = key)
    )
    select t.id from agent_tasks t
    where t.status = 'pending'
      and (select count(*) from running) < ${limits.running}
      and t.agent_type in (select agent_type from room)
      and (t.project_id is null or ${limits.perProject} >
        (select count(*) from running r where r.project_id = t.project_id))
    order by t.priority desc, t.id
    limit 1
    for update of t`.execute(db);
  const [first] = rows;
  if (!first) return undefined;
  const task = await db
    .updateTable('agent_tasks')
    .set(({ eb }) => ({
      status: 'running',
      status_reason: null,
      attempt: eb('attempt', '+', 1),
      started_at: new Date(),
    }))
    .where('id', '=', first.id)
    .where('status', '=', 'pending')
    .returningAll()
    .executeTakeFirst();
  if (!task) return undefined;
  await db
    .insertInto('agent_attempts')
    .values({
      task_id: task.id,
      number: task.attempt,
      external_ref: externalRefOf(task.id, task.attempt),
      home,
    })
    .execute();
  return task;
}

export interface Ending {
  status: 'completed' | 'failed' | 'cancelled';
  output_data?: Record<string, unknown> | null;
  error_code?: TaskFailure | null;
  error_message?: string | null;
}

/** Ends a task whose attempt still runs, or that was never begun. @returns it, if it had not ended */
export async function endTask(
  db: Db,
  { id, attempt }: { id: number; attempt: number },
  { output_data, ...ending }: Ending,
): Promise<TaskRow | undefined> {
  const task = await db
    .updateTable('agent_tasks')
    .set({
      ...ending,
      ...(output_data !== undefined && {
        output_data: output_data && JSON.stringify(output_data),
      }),
      status_reason: null,
      completed_at: new Date(),
    })
    .where('id', '=', id)
    .where('attempt', '=', attempt)
    .where('status', 'in', ['pending', 'running'])
    .returningAll()
    .executeTakeFirst();
  if (task) {
    await db
      .updateTable('agent_attempts')
      .set({ ended_at: new Date() })
      .where('task_id', '=', id)
      .where('ended_at', 'is', null)
      .execute();
  }
  return task;
}

/** Puts a task that has ended into the line again. */
export async function requeueTask(
  db: Db,
  id: number,
  comment: string | null = null,
): Promise<TaskRow | undefined> {
  return db
    .updateTable('agent_tasks')
    .set({
      status: 'pending',
      status_reason: null,
      error_code: null,
      error_message: null,
      output_data: null,
      cancel_requested_at: null,
      completed_at: null,
      started_at: null,
      comment,
    })
    .where('id', '=', id)
    .where('status', 'in', ['completed', 'failed', 'cancelled'])
    .returningAll()
    .executeTakeFirst();
}

/** Asks for the end of a task that runs. Other servers are told, as one of them may run it. */
export async function requestCancel(db: Db, id: number, channel: string): Promise<void> {
  await db
    .updateTable('agent_tasks')
    .set({ cancel_requested_at: new Date() })
    .where('id', '=', id)
    .where('status', '=', 'running')
    .where('cancel_requested_at', 'is', null)
    .execute();
  await sql`select pg_notify(${channel}, '')`.execute(db);
}

/** Of these tasks, those that are to end, or have ended without their attempt being told. */
export async function listToStop(db: Db, ids: number[]): Promise<number[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom('agent_tasks')
    .select('id')
    .where('id', 'in', ids)
    .where(({ or, eb }) =>
      or([eb('cancel_requested_at', 'is not', null), eb('status', '!=', 'running')]),
    )
    .execute();
  return rows.map(({ id }) => id);
}

/** Tasks that were to end by then, and run still. */
export async function listCancelledBefore(db: Db, before: Date): Promise<TaskRow[]> {
  return db
    .selectFrom('agent_tasks')
    .selectAll()
    .where('status', '=', 'running')
    .where('cancel_requested_at', '<', sql<string>`${before}`)
    .limit(100)
    .execute();
}

export interface OpenAttempt {
  task: TaskRow;
  ref: AttemptRef;
}

/** Attempts of this home that have not ended. */
export async function listOpenAttempts(db: Db, home: string): Promise<OpenAttempt[]> {
  const attempts = await db
    .selectFrom('agent_attempts')
    .selectAll()
    .where('home', '=', home)
    .where('ended_at', 'is', null)
    .orderBy('started_at')
    .execute();
  if (attempts.length === 0) return [];
  const tasks = await db
    .selectFrom('agent_tasks')
    .selectAll()
    .where('status', '=', 'running')
    .where(
      'id',
      'in',
      attempts.map(({ task_id }) => task_id),
    )
    .execute();
  const byId = new Map(tasks.map((task) => [task.id, task]));
  return attempts.flatMap(({ task_id, number, external_ref, saved, position }) => {
    const task = byId.get(task_id);
    if (task?.attempt !== number) return [];
    return [
      {
        task,
        ref: { taskId: task_id, attempt: number, externalRef: external_ref, saved, position },
      },
    ];
  });
}

export interface AttemptChange {
  saved?: Record<string, unknown>;
  usage?: { input_tokens: number; output_tokens: number; cost_usd: number | null };
}

/** What is known of an attempt, and with it what its task has used. */
export async function updateAttempt(
  db: Db,
  { id, attempt }: { id: number; attempt: number },
  { saved, usage }: AttemptChange,
): Promise<void> {
  if (saved === undefined && usage === undefined) return;
  await db
    .updateTable('agent_attempts')
    .set({
      ...(saved !== undefined && { saved: JSON.stringify(saved) }),
      ...usage,
    })
    .where('task_id', '=', id)
    .where('number', '=', attempt)
    .execute();
  if (usage === undefined) return;
  await sql`
    update agent_tasks t
    set input_tokens = a.input, output_tokens = a.output, cost_usd = a.cost
    from (select sum(input_tokens) as input, sum(output_tokens) as output, sum(cost_usd) as cost
      from agent_attempts where task_id = ${id}) a
    where t.id = ${id}`.execute(db);
}

export async function updateTask(
  db: Db,
  id: number,
  fields: {
    session?: string;
    worktree?: string | null;
    branch?: string | null;
    base_branch?: string | null;
    base_commit?: string | null;
    review?: AgentTask['review'];
    model?: string;
  },
): Promise<void> {
  if (Object.keys(fields).length === 0) return;
  await db.updateTable('agent_tasks').set(fields).where('id', '=', id).execute();
}

/** Says of pending tasks why they wait, by the names of their agents; `null`: for their turn. */
export async function explainWaiting(
  db: Db,
  reasons: Record<string, string | null>,
): Promise<void> {
  await sql`
    update agent_tasks t set status_reason = r.value
    from jsonb_each_text(${JSON.stringify(reasons)}::jsonb) r
    where t.status = 'pending' and t.agent_type = r.key
      and t.status_reason is distinct from r.value`.execute(db);
}

/** The agents that have pending tasks. */
export async function listWantedAgents(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('agent_tasks')
    .select('agent_type')
    .distinct()
    .where('status', '=', 'pending')
    .execute();
  return rows.map(({ agent_type }) => agent_type);
}

export async function countRunning(db: Db): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('agent_tasks')
    .select(['agent_type', sql<number>`count(*)`.as('count')])
    .where('status', '=', 'running')
    .groupBy('agent_type')
    .execute();
  return new Map(rows.map(({ agent_type, count }) => [agent_type, count]));
}
