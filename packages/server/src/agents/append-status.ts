import type { TaskStatus } from '@borgos/contracts/agent-tasks';
import type { Actor } from '@borgos/contracts/caller';
import type { Db } from '../database/transaction.ts';
import { appendEvent } from '../events/append.ts';
import type { TaskRow } from './store.ts';
import { appendTaskEvents } from './task-event-store.ts';

const shownMessage = 1_000;

/** Tells of a task's new status, in the transaction that has changed it: last, as all events. */
export async function appendStatus(
  db: Db,
  task: TaskRow,
  previous: TaskStatus,
  actor: Actor,
): Promise<void> {
  const { id, project_id, agent_type, schedule_id, status, attempt, error_code } = task;
  const message = task.error_message?.slice(0, shownMessage).toWellFormed() ?? null;
  const data = { status, previous_status: previous, error_code, error_message: message };
  await appendTaskEvents(db, id, [{ type: 'status', data }]);
  await appendEvent(
    db,
    'task_status',
    { id, project_id, agent_type, schedule_id, attempt, ...data },
    actor,
  );
}
