import type { api } from '@borgos/contracts';
import type { AgentTask } from '@borgos/contracts/agent-tasks';
import type { AgentZeroStatus } from '@borgos/contracts/agent-zero';
import type { Actor } from '@borgos/contracts/caller';
import type { ParsedInput } from '@borgos/contracts/endpoint';
import type { EventData } from '@borgos/contracts/events';
import { id } from '@borgos/contracts/fields';
import type { BaseLogger } from 'pino';
import type { Agents } from '../agents/agents.ts';
import { systemActor } from '../caller.ts';
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
  /** Calls back on what happens without a call of `start` or `stop`. */
  onChange(callback: (change: AgentZeroChange) => void): void;
}

export interface AgentZeroChange {
  status: 'started' | 'failed';
  /** Why it failed. */
  reason: string | null;
}

export interface AgentZero {
  status(): Promise<AgentZeroStatus>;
  start(actor: Actor): Promise<Started>;
  stop(actor: Actor): Promise<void>;
  /** @throws AppError VALIDATION_FAILED, NOT_FOUND */
  execute(task: Task, actor: Actor): Promise<AgentTask>;
}

const shownReason = 1_000;

/** Agent Zero for callers of the API: who starts and stops it is in the audit trail. */
export function createAgentZero({
  db,
  control,
  agents,
  log,
}: {
  db: Db;
  control: AgentZeroControl;
  agents: Pick<Agents, 'tasks'>;
  log: Pick<BaseLogger, 'warn'>;
}): AgentZero {
  async function note(
    status: EventData<'agent_status'>['status'],
    actor: Actor,
    { port, process_id }: AgentZeroStatus,
    reason: string | null = null,
  ): Promise<void> {
    const shown = reason?.slice(0, shownReason).toWellFormed() ?? null;
    const data = { agent_type: 'agent-zero', task_id: null, reason: shown, port, process_id };
    await appendEvent(db, 'agent_status', { ...data, status }, actor);
  }

  let noting = Promise.resolve();
  control.onChange(({ status, reason }) => {
    const now = control.status();
    // One after the other, in the order in which they came.
    noting = noting
      .then(async () => note(status, systemActor, await now, reason))
      .catch((error) => log.warn({ err: error, status }, 'a change of Agent Zero was not noted'));
  });

  return {
    status: control.status,
    async start(actor) {
      try {
        await control.start();
      } catch (error) {
        if (error instanceof AppError && error.code === 'AGENT_ZERO_FAILED') {
          await note('failed', actor, await control.status(), error.message);
        }
        throw error;
      }
      const now = await control.status();
      const { running, port, ui_url } = now;
      await note(running ? 'started' : 'starting', actor, now);
      return { running, port, ui_url };
    },
    async stop(actor) {
      await control.stop();
      await note('stopped', actor, await control.status());
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
