import type { api } from '@borgos/contracts';
import type { AgentTask } from '@borgos/contracts/agent-tasks';
import type { AgentZeroStatus } from '@borgos/contracts/agent-zero';
import type { Actor } from '@borgos/contracts/caller';
import type { ParsedInput } from '@borgos/contracts/endpoint';
import { id } from '@borgos/contracts/fields';
import type { Agents } from '../agents/agents.ts';
import type { Db } from '../database/transaction.ts';
import { AppError } from '../errors.ts';
import { appendEvent } from '../events/append.ts';

type Task = ParsedInput<(typeof api)['agentZero']['execute']>;
type Started = Pick<AgentZeroStatus, 'running' | 'port' | 'ui_url'>;

/** What runs it. */
export interface AgentZeroControl {
  status(): Promise<AgentZeroStatus>;
  /** @throws AppError AGENT_ZERO_NOT_CONFIGURED, AGENT_ZERO_FAILED, PORT_IN_USE, CONFLICT */
  start(): Promise<void>;
  /** @throws AppError AGENT_ZERO_NOT_CONFIGURED, CONFLICT */
  stop(): Promise<void>;
}

export interface AgentZero {
  status(): Promise<AgentZeroStatus>;
  start(actor: Actor): Promise<Started>;
  stop(actor: Actor): Promise<void>;
  /** @throws AppError VALIDATION_FAILED, NOT_FOUND */
  execute(task: Task, actor: Actor): Promise<AgentTask>;
}

/** Agent Zero for callers of the API: who starts and stops it is in the audit trail. */
export function createAgentZero({
  db,
  control,
  agents,
}: {
  db: Db;
  control: AgentZeroControl;
  agents: Pick<Agents, 'tasks'>;
}): AgentZero {
  async function note(status: 'started' | 'stopped', actor: Actor): Promise<AgentZeroStatus> {
    const now = await control.status();
    const { port, process_id } = now;
    await appendEvent(db, 'agent_zero_status', { status, port, process_id }, actor);
    return now;
  }

  return {
    status: control.status,
    async start(actor) {
      await control.start();
      const { running, port, ui_url } = await note('started', actor);
      return { running, port, ui_url };
    },
    async stop(actor) {
      await control.stop();
      await note('stopped', actor);
    },
    execute: ({ type, description, prompt, context }, actor) =>
      agents.tasks.create(
        {
          agent_type: 'agent-zero',
          task_type: type,
          description,
          prompt,
          input_data: context,
          project_id: projectOf(context),
          priority: 1,
          // There is nothing that would keep it from what it wants to do.
          permission_policy: 'allow_all',
          deadline_seconds: 3_600,
        },
        actor,
      ),
  };
}

function projectOf(context: Task['context']): number | null {
  const given = context?.project_id ?? null;
  if (given === null) return null;
  const parsed = id.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new AppError('VALIDATION_FAILED', 'The input is not valid', {
    details: [{ path: 'body.context.project_id', message: 'must be the id of a project' }],
  });
}
