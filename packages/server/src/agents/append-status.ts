import type { TaskStatus } from '@borgos/contracts/agent-tasks';
import type { Actor } from '@borgos/contracts/caller';
import type { Db } from '../database/transaction.ts';
import { appendEvent } from '../events/append.ts';
import { countRunning, lockClaims } from './queue-store.ts';
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
  await appendAgentStatus(db, task, previous, actor);
}

/** Whether an agent works at all: at its first task that runs, and after its last one. */
async function appendAgentStatus(
  db: Db,
  { id, agent_type, status }: TaskRow,
  previous: TaskStatus,
  actor: Actor,
): Promise<void> {
  if (status !== 'running' && previous !== 'running') return;
  // Two that end at once would each take the other one to run still.
  await lockClaims(db);
  const running = (await countRunning(db)).get(agent_type) ?? 0;
  if (running !== (status === 'running' ? 1 : 0)) return;
  await appendEvent(
    db,
    'agent_status',
    {
      ...{ agent_type, task_id: id, reason: null, port: null, process_id: null },
      status: status === 'running' ? 'working' : 'idle',
    },
    actor,
  );
}
