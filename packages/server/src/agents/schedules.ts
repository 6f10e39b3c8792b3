import type { api } from '@borgos/contracts';
import type { NewSchedule, Schedule } from '@borgos/contracts/agent-schedules';
import type { NewTask } from '@borgos/contracts/agent-tasks';
import type { Actor } from '@borgos/contracts/caller';
import type { ListResult, ParsedInput } from '@borgos/contracts/endpoint';
import type { BaseLogger } from 'pino';
import { systemActor } from '../caller.ts';
import { type Db, transaction } from '../database/transaction.ts';
import { AppError, notFound } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import type { EventFeed } from '../events/feed.ts';
import { nextRun } from './cron.ts';
import * as scheduleStore from './schedule-store.ts';
import { scheduleOf } from './schedule-store.ts';
import { findTask, type TaskOrigin, type TaskRow } from './store.ts';
import { createTriggers, type TriggerEvent } from './triggers.ts';

type Endpoints = (typeof api)['agentSchedules'];

export interface Schedules {
  list(query: ParsedInput<Endpoints['list']>): Promise<ListResult<Schedule>>;
  get(id: number): Promise<Schedule>;
  /** @throws AppError VALIDATION_FAILED, and what a task of it would be refused for */
  create(fields: NewSchedule, actor: Actor): Promise<Schedule>;
  update(
    id: number,
    fields: Omit<ParsedInput<Endpoints['update']>, 'id'>,
    actor: Actor,
  ): Promise<Schedule>;
  delete(id: number, actor: Actor): Promise<void>;
  /** Begins to make tasks. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const lookMs = 2_000;
/** How many tasks an event of a task may lead to, each by the one before. */
const deepest = 3;

/** Makes tasks by the clock and by events. */
export function createSchedules({
  db,
  feed,
  check,
  insert,
  wake,
  log,
}: {
  db: Db;
  feed: Pick<EventFeed, 'subscribe' | 'lastSeq'>;
  check(task: NewTask): Promise<void>;
  /** Queues a task, in the transaction. */
  insert(db: Db, task: NewTask, origin: TaskOrigin, actor: Actor): Promise<TaskRow>;
  /** There is a task. */
  wake(): void;
  log: Pick<BaseLogger, 'warn' | 'error'>;
}): Schedules {
  const triggers = createTriggers({ db, feed, fire, log });
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let closed = false;

  /** Makes a task, or notes why not. In the transaction in which the schedule is locked. */
  async function makeTask(
    db: Db,
    schedule: scheduleStore.ScheduleRow,
    origin: TaskOrigin,
    input: Record<string, unknown>,
    problem: string | undefined,
  ): Promise<scheduleStore.ScheduleChange> {
    const { id, runs, skipped } = schedule;
    if (problem) return { skipped: skipped + 1, last_problem: problem };
    const { task } = schedule;
    const input_data = { ...task.input_data, ...input };
    const made = await insert(
      db,
      { ...task, input_data },
      { ...origin, schedule_id: id },
      systemActor,
    );
    return { runs: runs + 1, last_run_at: new Date(), last_task_id: made.id, last_problem: null };
  }

  /** @returns whether there was one */
  async function runDue(): Promise<boolean> {
    return transaction(db, async (db) => {
      const schedule = await scheduleStore.lockDue(db);
      if (!schedule?.cron) return false;
      const { id, cron, timezone } = schedule;
      const isOpen = await scheduleStore.hasOpenTask(db, id, null);
      const problem = isOpen ? 'Its last task has not ended yet' : undefined;
      const next_run_at = nextRun(cron, timezone, new Date());
      const change = await makeTask(db, schedule, {}, {}, problem);
      await scheduleStore.updateSchedule(db, id, { ...change, next_run_at });
      return true;
    });
  }

  function look(): void {
    looking ??= (async () => {
      while (!closed && (await runDue())) wake();
    })()
      .catch((error) => log.error({ err: error }, 'schedules could not be looked at'))
      .finally(() => {
        looking = undefined;
      });
  }

  async function fire(id: number, event: TriggerEvent): Promise<void> {
    await transaction(db, async (db) => {
      const schedule = await scheduleStore.lockSchedule(db, id);
      if (!schedule?.is_active || (schedule.last_event_seq ?? 0) >= event.seq) return;
      const cause = event.taskId === null ? undefined : await findTask(db, event.taskId);
      const depth = cause ? cause.trigger_depth + 1 : 0;
      // Its own tasks are nothing that it tells anybody of.
      if (cause?.schedule_id === id) return;
      const problem = await refusal(db, schedule, event, depth);
      const origin = { trigger_key: event.key, trigger_depth: depth };
      const input = { event: { type: event.name, data: event.data }, ...idsOf(event) };
      const change = await makeTask(db, schedule, origin, input, problem);
      await scheduleStore.updateSchedule(db, id, { ...change, last_event_seq: event.seq });
    });
    await scheduleStore.advancePosition(db, event.seq);
    wake();
  }

  async function refusal(
    db: Db,
    { id, most_per_hour }: scheduleStore.ScheduleRow,
    { key }: TriggerEvent,
    depth: number,
  ): Promise<string | undefined> {
    if (depth > deepest) return `The event was of a task that is ${deepest} triggers deep`;
    if (key !== null && (await scheduleStore.hasOpenTask(db, id, key))) {
      return `A task for ${key.replace(':', ' ').replace('_', ' ')} has not ended yet`;
    }
    if ((await scheduleStore.countLastHour(db, id)) < most_per_hour) return undefined;
    return `It has made ${most_per_hour} tasks within an hour, which is as many as it may`;
  }

  async function get(id: number): Promise<scheduleStore.ScheduleRow> {
    const schedule = await scheduleStore.findSchedule(db, id);
    if (!schedule) throw notFound('Schedule', id);
    return schedule;
  }

  return {
    async list({ limit, offset = 0 }) {
      const { items, total } = await scheduleStore.listSchedules(db, { limit, offset });
      return { items: items.map(scheduleOf), total };
    },
    get: async (id) => scheduleOf(await get(id)),

    async create(fields, actor) {
      await check(fields.task);
      const row = rowOf(fields);
      return transaction(db, async (db) => {
        const { total } = await scheduleStore.listSchedules(db, { limit: 1, offset: 0 });
        if (total >= mostSchedules) throw tooMany();
        const made = await scheduleStore.insertSchedule(db, row);
        await appendEvent(db, 'schedule_created', { id: made.id, name: made.name }, actor);
        return scheduleOf(made);
      });
    },

    async update(id, fields, actor) {
      const changed = Object.keys(fields);
      const before = scheduleOf(await get(id));
      if (changed.length === 0) return before;
      if (fields.task) await check(fields.task);
      const { cron, trigger, ...rest } = fields;
      const when = cron ? { cron, trigger: null } : trigger ? { cron: null, trigger } : {};
      const row = rowOf({ ...before, ...definedOf(rest), ...when });
      return transaction(db, async (db) => {
        const schedule = await scheduleStore.updateSchedule(db, id, row);
        if (!schedule) throw notFound('Schedule', id);
        await appendEvent(db, 'schedule_updated', { id, name: schedule.name, changed }, actor);
        return scheduleOf(schedule);
      });
    },

    async delete(id, actor) {
      await transaction(db, async (db) => {
        const deleted = await scheduleStore.deleteSchedule(db, id);
        if (!deleted) throw notFound('Schedule', id);
        await appendEvent(db, 'schedule_deleted', { id, name: deleted.name }, actor);
      });
    },

    async start() {
      await triggers.start();
      timer = setInterval(look, lookMs).unref();
      look();
    },
    async close() {
      closed = true;
      clearInterval(timer);
      await looking;
      await triggers.close();
    },
  };
}

const mostSchedules = 200;

function tooMany(): AppError {
  return new AppError(
    'CONFLICT',
    `There are ${mostSchedules} schedules, which is as many as there can be. Delete one that is not needed any more: DELETE /api/v1/agent/schedules/{id}`,
  );
}

/** What of an event is looked up for the agent. */
function idsOf({ name, data }: TriggerEvent): Record<string, unknown> {
  if (name.startsWith('error.')) return { error_group_id: data.group_id };
  if (name.startsWith('deployment.')) return { deployment_id: data.id };
  return {};
}

/** @throws AppError VALIDATION_FAILED */
function rowOf({ trigger, cron, task, ...fields }: NewSchedule): scheduleStore.ScheduleFields {
  if ((cron == null) === (trigger == null)) {
    const message = 'must have either "cron" or "trigger"';
    const details = [{ path: 'body', message }];
    throw new AppError('VALIDATION_FAILED', `The body ${message}`, { details });
  }
  return {
    name: fields.name,
    is_active: fields.is_active,
    timezone: fields.timezone,
    most_per_hour: fields.most_per_hour,
    cron: cron ?? null,
    next_run_at: cron ? nextRun(cron, fields.timezone, new Date()) : null,
    trigger_event: trigger?.event ?? null,
    trigger_project_id: trigger?.project_id ?? null,
    project_id: task.project_id ?? null,
    task: JSON.stringify(task),
  };
}

function definedOf<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const defined = Object.entries(fields).filter(([, value]) => value !== undefined);
  // Only what was undefined is left out.
  return Object.fromEntries(defined) as { [K in keyof T]: Exclude<T[K], undefined> };
}
