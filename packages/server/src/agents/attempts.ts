import type { Db } from '../database/transaction.ts';
import {
  type AgentAdapter,
  AgentFailure,
  type AgentRunOptions,
  type AttemptRef,
  type McpServer,
} from './adapter.ts';
import type { AgentsOptions } from './agents.ts';
import { expireApprovals } from './approval-store.ts';
import type { Approvals } from './approvals.ts';
import { createBudget } from './budget.ts';
import type { McpAccess } from './mcp-access.ts';
import { updateTask } from './queue-store.ts';
import { createRecorder } from './record-events.ts';
import type { AgentRegistry } from './registry.ts';
import { failureOf, hearAttempt, type Outcome, outcomeOfAbort } from './run-attempt.ts';
import { externalRefOf, type TaskRow } from './store.ts';
import type { TaskContext } from './task-context.ts';
import type { TaskFolders } from './task-folders.ts';

export interface Attempts {
  run(task: TaskRow, ref: AttemptRef | undefined, controller: AbortController): Promise<Outcome>;
  /** In the transaction in which a task ends. */
  onEnd(db: Db, task: TaskRow): Promise<void>;
  /** After that: a worktree in which nothing was changed goes. */
  afterEnd(taskId: number): Promise<void>;
}

/** Runs attempts: finds their folder, starts or resumes the agent, hears it, ends it in time. */
export function createAttempts(
  options: AgentsOptions & {
    scrub: <T>(value: T) => T;
    db: Db;
    registry: AgentRegistry;
    approvals: Pick<Approvals, 'ask'>;
    folders: TaskFolders;
    context: TaskContext;
    mcp: McpAccess;
  },
): Attempts {
  const { db, registry, approvals, folders, context, mcp, settings, environment, scrub, log } =
    options;

  async function runNow(
    task: TaskRow,
    ref: AttemptRef | undefined,
    controller: AbortController,
  ): Promise<Outcome> {
    const agent = registry.find(task.agent_type);
    if (!agent) {
      const reason = `There is no agent "${task.agent_type}" any more`;
      throw new AgentFailure('AGENT_UNAVAILABLE', reason);
    }
    const { adapter } = agent;
    if (ref) {
      await mcp.endLeft(task);
      await assertResumable(adapter, ref);
    }
    // Others have no way to be told.
    const access = adapter.kind === 'acp' ? await mcp.open(task, controller.signal) : undefined;
    try {
      return await runWith(adapter, access ? [access.server] : [], task, ref, controller);
    } finally {
      await access?.close();
    }
  }

  async function runWith(
    adapter: AgentAdapter,
    mcpServers: McpServer[],
    task: TaskRow,
    ref: AttemptRef | undefined,
    controller: AbortController,
  ): Promise<Outcome> {
    const budget = createBudget({
      maxTokens: task.max_tokens,
      maxCostUsd: task.max_cost_usd,
      used: {
        tokens: task.input_tokens + task.output_tokens,
        costUsd: task.cost_usd ?? 0,
      },
      model: task.model,
      prices: settings.prices,
    });
    const runOptions: AgentRunOptions = {
      cwd: await folders.open(task, adapter.capabilities),
      env: environment,
      mcpServers,
      permissionPolicy: task.permission_policy,
      budget: budget.left,
      signal: controller.signal,
    };
    controller.signal.throwIfAborted();
    const events = ref
      ? adapter.resume(ref, runOptions)
      : adapter.start(
          {
            taskId: task.id,
            attempt: task.attempt,
            externalRef: externalRefOf(task.id, task.attempt),
            taskType: task.task_type,
            prompt: await context.promptOf(task),
            inputData: task.input_data,
            model: task.model,
            session: task.comment === null ? null : task.session,
          },
          runOptions,
        );
    return hearAttempt({
      events,
      recorder: createRecorder(db, task),
      budget,
      scrub,
      controller,
      decide: (request, signal) => approvals.ask(task, request, signal),
      onStuck() {
        log.warn({ task: task.id }, 'an agent did not end in time');
        void adapter
          .cancel(refOf(task, ref))
          .catch((error) => log.warn({ err: error }, 'nor later'));
      },
      log,
    });
  }

  return {
    async run(task, ref, controller) {
      const begun = Date.parse(task.started_at ?? new Date().toISOString());
      const leftMs = begun + task.deadline_seconds * 1000 - Date.now();
      const timer = setTimeout(
        () => {
          const reason = `It was not done within ${task.deadline_seconds} seconds`;
          controller.abort(new AgentFailure('DEADLINE_EXCEEDED', reason));
        },
        Math.max(0, leftMs),
      );
      try {
        return await runNow(task, ref, controller);
      } catch (error) {
        const { signal } = controller;
        return signal.aborted ? outcomeOfAbort(signal.reason, log) : failureOf(error, log);
      } finally {
        clearTimeout(timer);
      }
    },
    onEnd: async (db, { id, worktree }) => {
      await expireApprovals(db, id);
      if (worktree !== null) await updateTask(db, id, { review: 'awaiting' });
    },
    afterEnd: folders.tidy,
  };
}

/** @throws AgentFailure INTERRUPTED; then nothing of it runs any more */
async function assertResumable(adapter: AgentAdapter, ref: AttemptRef): Promise<void> {
  if (adapter.capabilities.resumes) return;
  await adapter.cancel(ref);
  throw new AgentFailure(
    'INTERRUPTED',
    'BorgOS ended while the agent worked, and the agent cannot be found again. What it has done so far is kept; try it again if that does no harm',
  );
}

function refOf(task: TaskRow, ref: AttemptRef | undefined): AttemptRef {
  const { id, attempt } = task;
  const externalRef = externalRefOf(id, attempt);
  return ref ?? { taskId: id, attempt, externalRef, saved: null, position: 0 };
}
