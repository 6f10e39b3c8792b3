import { join } from 'node:path';
import type { api } from '@borgos/contracts';
import type { AgentTask, NewTask, TaskEvent } from '@borgos/contracts/agent-tasks';
import type { Agent } from '@borgos/contracts/agents';
import type { Actor } from '@borgos/contracts/caller';
import type { ListResult, ParsedInput } from '@borgos/contracts/endpoint';
import type { BaseLogger } from 'pino';
import type { Database } from '../database/open.ts';
import { type Db, transaction } from '../database/transaction.ts';
import type { Deployments } from '../deployments/deployments.ts';
import type { ErrorLog } from '../error-log/error-log.ts';
import { AppError, notFound } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import type { EventFeed } from '../events/feed.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Projects } from '../projects/projects.ts';
import type { AgentAdapter } from './adapter.ts';
import type { AgentSettings } from './agent-settings.ts';
import { appendStatus } from './append-status.ts';
import { type Approvals, createApprovals } from './approvals.ts';
import { createAttempts } from './attempts.ts';
import { checkNewTask, defaultPolicyOf } from './check-new-task.ts';
import { createMcpAccess, type McpPlace } from './mcp-access.ts';
import { createOrphans, type Orphans } from './orphans.ts';
import { createQueue } from './queue.ts';
import * as queueStore from './queue-store.ts';
import { createAgentRegistry } from './registry.ts';
import { createReviews, type Reviews } from './reviews.ts';
import { createSchedules, type Schedules } from './schedules.ts';
import { createScrub } from './scrub-output.ts';
import * as store from './store.ts';
import { createTaskContext } from './task-context.ts';
import { listTaskEvents } from './task-event-store.ts';
import { createTaskFolders } from './task-folders.ts';
import { createWorktrees } from './worktrees/worktrees.ts';

type Endpoints = (typeof api)['agentTasks'];

export interface Agents {
  list(): Promise<Agent[]>;
  tasks: {
    /**
     * Queues a task durably; in a transaction, it exists once that commits.
     * @throws AppError AGENT_UNKNOWN, NOT_FOUND, PERMISSIONS_UNSUPPORTED, BUDGET_UNSUPPORTED, …
     */
    create(task: ParsedInput<Endpoints['create']>, actor: Actor): Promise<AgentTask>;
    list(query: ParsedInput<Endpoints['list']>): Promise<ListResult<AgentTask>>;
    get(id: number): Promise<AgentTask>;
    events(query: ParsedInput<Endpoints['events']>): Promise<ListResult<TaskEvent>>;
    /** One that has ended is left as it is. */
    cancel(id: number, actor: Actor): Promise<AgentTask>;
    /** @throws AppError CONFLICT for one that has not ended, or was completed */
    retry(id: number, actor: Actor): Promise<AgentTask>;
  };
  approvals: Pick<Approvals, 'list' | 'decide'>;
  reviews: Reviews;
  schedules: Omit<Schedules, 'start' | 'close'>;
  orphans: Orphans;
  /** Deletes tasks that ended 90 days ago; for every hour. */
  forgetOld(): Promise<void>;
  /** Goes on with what an earlier life left, and begins what waits. */
  recover(): Promise<void>;
  close(): Promise<void>;
}

export interface AgentsOptions {
  database: Pick<Database, 'db' | 'listen'>;
  feed: Pick<EventFeed, 'subscribe' | 'lastSeq'>;
  jobs: Jobs;
  projects: Pick<Projects, 'get' | 'getDirectory'>;
  errorLog: ErrorLog;
  deployments: Pick<Deployments, 'get' | 'logs'>;
  /** BORGOS_HOME, absolute. */
  home: string;
  /** By which this home knows its own attempts. */
  instance: string;
  adapters: {
    adapter: AgentAdapter;
    source: Agent['source'];
    mostRunning?: number | undefined;
    /** What it is given that nobody is to see. */
    secrets?: string[];
  }[];
  settings: AgentSettings;
  /** Where git is looked for, as in `PATH`. */
  searchPath: string | undefined;
  /** What agents get of the environment of BorgOS. */
  environment: Record<string, string>;
  /** Where agents find what BorgOS knows. */
  mcpPlace: McpPlace;
  /** Makes what takes the values of secrets out of texts. */
  createRedactor(values: Iterable<string>): { text(text: string): string };
  log: Pick<BaseLogger, 'info' | 'warn' | 'error'>;
}

const queueName = 'agents.wake';
const mostPending = 10_000;
const keptDays = 90;
const deletedAtOnce = 100;
const cancelChannel = 'borgos_agent_tasks';

/** Agents that work on projects, and the line of tasks that they take their work from. */
export async function createAgents(options: AgentsOptions): Promise<Agents> {
  const { database, jobs, projects, instance, adapters, settings, log } = options;
  const { db } = database;
  const registry = createAgentRegistry(
    adapters.map(({ adapter, source, mostRunning = settings.limits.per_agent }) => ({
      adapter,
      source,
      mostRunning,
    })),
  );
  const scrub = createScrub(
    options.createRedactor(adapters.flatMap(({ secrets = [] }) => secrets)),
  );
  const approvals = createApprovals({
    ...{ ...options, scrub },
    db,
    waitSeconds: settings.limits.approval_seconds,
  });
  const worktrees = createWorktrees({
    folder: join(options.home, 'worktrees'),
    instance,
    searchPath: options.searchPath,
  });
  const folders = createTaskFolders({ ...options, db, worktrees });
  const context = createTaskContext({ ...options, scrub });
  const mcp = createMcpAccess({ ...options.mcpPlace, log });
  const parts = { scrub, db, registry, approvals, folders, context, mcp };
  const attempts = createAttempts({ ...options, ...parts });
  const queue = createQueue({
    db,
    home: instance,
    registry,
    limits: settings.limits,
    run: attempts.run,
    onEnd: attempts.onEnd,
    afterEnd: attempts.afterEnd,
    log,
  });
  await jobs.define({
    name: queueName,
    concurrency: 1,
    expireInSeconds: 60,
    run: async () => queue.wake(),
  });
  const listening = await database.listen(cancelChannel, queue.lookForCancelled);

  async function requeue(
    id: number,
    actor: Actor,
    prepare: (db: Db, task: store.TaskRow) => Promise<string | null>,
  ): Promise<AgentTask> {
    const row = await transaction(db, async (db) => {
      const task = await store.lockTask(db, id);
      if (!task) throw notFound('Task', id);
      const comment = await prepare(db, task);
      const queued = await queueStore.requeueTask(db, id, comment);
      if (!queued) throw notRetried(task);
      await jobs.enqueue(db, queueName, 'wake', {});
      await appendStatus(db, queued, task.status, actor);
      return queued;
    });
    queue.wake();
    return store.taskOf(row);
  }

  const check = (task: NewTask) =>
    checkNewTask(task, {
      ...{ projects, worktrees },
      adapter: registry.get(task.agent_type).adapter,
      prices: settings.prices,
    });
  const schedules = createSchedules({
    ...{ db, check, insert, log },
    feed: options.feed,
    wake: queue.wake,
  });
  const orphans = createOrphans({ db, home: instance, registry, worktrees });
  const reviews = createReviews({ db, projects, worktrees, registry, requeue });

  async function get(id: number): Promise<AgentTask> {
    const task = await store.findTask(db, id);
    if (!task) throw notFound('Task', id);
    return store.taskOf(task);
  }

  async function insert(
    db: Db,
    task: ParsedInput<Endpoints['create']>,
    origin: store.TaskOrigin,
    actor: Actor,
  ): Promise<store.TaskRow> {
    const { adapter } = registry.get(task.agent_type);
    if ((await store.countPending(db, mostPending)) >= mostPending) throw tooMany();
    const permission_policy = task.permission_policy ?? defaultPolicyOf(adapter);
    const row = await store.insertTask(db, { ...task, permission_policy }, origin);
    await jobs.enqueue(db, queueName, 'wake', {});
    const { id, project_id, agent_type, schedule_id, task_type, description, priority } = row;
    await appendEvent(
      db,
      'task_created',
      { id, project_id, agent_type, schedule_id, task_type, description, priority },
      actor,
    );
    return row;
  }

  return {
    list: async () => {
      const running = await queueStore.countRunning(db);
      return Promise.all(
        registry.agents.map(async ({ adapter, source, mostRunning }) => {
          const { name, title, kind, capabilities } = adapter;
          const { checkedAt, ...health } = await registry.health(name);
          return {
            ...{ name, title, kind, source, capabilities, ...health },
            default_policy: defaultPolicyOf(adapter),
            running: running.get(name) ?? 0,
            most_running: mostRunning,
            checked_at: checkedAt,
          };
        }),
      );
    },

    tasks: {
      async create(task, actor) {
        await check(task);
        const row = await transaction(db, (db) => insert(db, task, {}, actor));
        queue.wake();
        return store.taskOf(row);
      },

      async list({ limit, offset = 0, status, agent_type, project_id }) {
        const filter = { status, agent_type, project_id };
        const { items, total } = await store.listTasks(db, filter, { limit, offset });
        return { items: items.map(store.taskOf), total };
      },

      get,

      async events({ id, since, type, limit, offset = 0 }) {
        const filter = { since, types: type };
        const found = await listTaskEvents(db, id, filter, { limit, offset });
        if (found.total === 0) await get(id);
        return found;
      },

      async cancel(id, actor) {
        await transaction(db, async (db) => {
          const task = await store.lockTask(db, id);
          if (!task) throw notFound('Task', id);
          if (task.status === 'running') await queueStore.requestCancel(db, id, cancelChannel);
          if (task.status !== 'pending') return;
          const ended = await queueStore.endTask(db, task, { status: 'cancelled' });
          if (ended) await appendStatus(db, ended, 'pending', actor);
        });
        queue.lookForCancelled();
        return get(id);
      },

      retry: (id, actor) =>
        requeue(id, actor, async (_, task) => {
          if (task.status !== 'failed' && task.status !== 'cancelled') throw notRetried(task);
          return task.comment;
        }),
    },

    approvals,
    reviews,
    schedules,
    orphans,
    async forgetOld() {
      const before = new Date(Date.now() - keptDays * 86_400_000);
      while ((await store.deleteEndedBefore(db, before, deletedAtOnce)) === deletedAtOnce) {}
    },
    async recover() {
      await queue.recover();
      await schedules.start();
      warnOfOrphans(orphans, log);
    },
    async close() {
      await schedules.close();
      await listening.close();
      await queue.close();
      approvals.close();
      await Promise.all(registry.agents.map(({ adapter }) => adapter.close()));
    },
  };
}

/** Nobody waits for it: to look at many worktrees takes a while. */
function warnOfOrphans(orphans: Orphans, log: AgentsOptions['log']): void {
  orphans.list().then(
    (found) => {
      if (found.length === 0) return;
      const keys = found.slice(0, 20).map(({ key }) => key);
      log.warn(
        { count: found.length, keys },
        'tasks have left something: GET /api/v1/agent/orphans',
      );
    },
    (error) => log.warn({ err: error }, 'what tasks have left could not be looked for'),
  );
}

function tooMany(): AppError {
  return new AppError(
    'CONFLICT',
    `${mostPending} tasks wait already, which is as many as may. Cancel some, or let more run at the same time: "limits" in agents.json`,
  );
}

function notRetried({ id, status }: store.TaskRow): AppError {
  return new AppError(
    'CONFLICT',
    status === 'completed'
      ? `Task ${id} is completed: there is nothing to try again. Create another one: POST /api/v1/agent/task`
      : `Task ${id} is ${status}: it can be tried again once it has failed or was cancelled`,
  );
}
