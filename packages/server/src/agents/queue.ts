import type { BaseLogger } from 'pino';
import { systemActor } from '../caller.ts';
import { type Db, transaction } from '../database/transaction.ts';
import { type AttemptRef, LeaveRunning } from './adapter.ts';
import type { AgentSettings } from './agent-settings.ts';
import { appendStatus } from './append-status.ts';
import * as queueStore from './queue-store.ts';
import type { AgentRegistry } from './registry.ts';
import { Cancelled, type Outcome } from './run-attempt.ts';
import type { TaskRow } from './store.ts';

export interface Queue {
  /** There may be a task to begin. */
  wake(): void;
  /** Of the tasks that run here some may be to end. */
  lookForCancelled(): void;
  /** Goes on with what an earlier life of this home has left, and begins what waits. */
  recover(): Promise<void>;
  /** Leaves what runs, for the next start. */
  close(): Promise<void>;
}

export interface QueueOptions {
  db: Db;
  /** Which home this is. */
  home: string;
  registry: AgentRegistry;
  limits: AgentSettings['limits'];
  /** Runs an attempt to its end. `ref`: it is one that was begun in an earlier life. */
  run(task: TaskRow, ref: AttemptRef | undefined, controller: AbortController): Promise<Outcome>;
  /** In the transaction in which a task ends. */
  onEnd(db: Db, task: TaskRow): Promise<void>;
  /** After it has ended: what it left is put in order. Another attempt waits for it. */
  afterEnd(taskId: number): Promise<void>;
  log: Pick<BaseLogger, 'info' | 'warn' | 'error'>;
}

const lookMs = 5_000;
/** A look at an agent that takes longer keeps no other one waiting. */
const probeWaitMs = 500;
const retryMs = 1_000;
/** Whoever ran it would have ended it by then. */
const abandonedMs = 10_000;

/** Begins tasks in their order, as many as may run. The table is the truth: this only looks at it. */
export function createQueue(options: QueueOptions): Queue {
  const { db, home, registry, limits, run, log } = options;
  const running = new Map<number, { controller: AbortController; work: Promise<void> }>();
  let claiming: Promise<void> | undefined;
  let again = false;
  let looking = false;
  let lookAgain = false;
  let closed = false;
  let started = false;
  const timer = setInterval(() => {
    wake();
    lookForCancelled();
    endAbandoned().catch((error) => log.warn({ err: error }, 'cancelled tasks could not be ended'));
  }, lookMs).unref();

  function wake(): void {
    again = true;
    if (closed || !started) return;
    claiming ??= claimAll()
      .catch((error) => log.error({ err: error }, 'tasks could not be begun; trying again'))
      .finally(() => {
        claiming = undefined;
        // What came in after the last look, while this was ending.
        if (again) setImmediate(wake);
      });
  }

  async function claimAll(): Promise<void> {
    while (again && !closed) {
      again = false;
      const byAgent = await findRoom();
      while (!closed) {
        const task = await transaction(db, async (db) => {
          const task = await queueStore.claimNext(db, home, {
            running: limits.running,
            perProject: limits.per_project,
            byAgent,
          });
          if (task) await appendStatus(db, task, 'pending', systemActor);
          return task;
        });
        if (!task) break;
        begin(task, undefined);
      }
    }
  }

  /** How many tasks of each agent may run; those that are not there have none. */
  async function findRoom(): Promise<Record<string, number>> {
    const wanted = await queueStore.listWantedAgents(db);
    const reasons: Record<string, string | null> = {};
    const room: Record<string, number> = {};
    await Promise.all(
      wanted.map(async (name) => {
        const agent = registry.find(name);
        if (!agent) {
          reasons[name] =
            `There is no agent "${name}" any more: add it to agents.json, or cancel this`;
          return;
        }
        const health = await soon(registry.health(name));
        if (health?.available) room[name] = agent.mostRunning;
        reasons[name] = health?.available ? null : (health?.reason ?? 'Looking for its agent');
      }),
    );
    await queueStore.explainWaiting(db, reasons);
    return room;
  }

  async function soon<T>(look: Promise<T>): Promise<T | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        resolve(undefined);
        look.then(wake, () => {});
      }, probeWaitMs);
    });
    try {
      return await Promise.race([look, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  function begin(task: TaskRow, ref: AttemptRef | undefined): void {
    const controller = new AbortController();
    const before = running.get(task.id)?.work;
    const work = workOn(task, ref, controller, before)
      .catch((error) => log.error({ err: error, task: task.id }, 'the end of a task was not kept'))
      .finally(() => {
        if (running.get(task.id)?.work === work) running.delete(task.id);
        wake();
      });
    running.set(task.id, { controller, work });
    if (closed) controller.abort(new LeaveRunning());
  }

  async function workOn(
    task: TaskRow,
    ref: AttemptRef | undefined,
    controller: AbortController,
    before: Promise<void> | undefined,
  ): Promise<void> {
    await before;
    const outcome = await run(task, ref, controller);
    if (outcome === 'left' || outcome === 'over') return;
    for (;;) {
      try {
        await end(task, outcome);
        break;
      } catch (error) {
        // The next start finds it, and hears its end once more.
        if (closed) throw error;
        log.warn({ err: error, task: task.id }, 'the end of a task is not kept yet; trying again');
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
    wake();
    await options.afterEnd(task.id);
  }

  async function end(task: TaskRow, ending: queueStore.Ending): Promise<void> {
    await transaction(db, async (db) => {
      const ended = await queueStore.endTask(db, task, ending);
      if (!ended) return;
      await options.onEnd(db, ended);
      await appendStatus(db, ended, 'running', systemActor);
    });
  }

  function lookForCancelled(): void {
    if (running.size === 0) return;
    lookAgain = true;
    if (looking) return;
    looking = true;
    lookAgain = false;
    queueStore
      .listToStop(db, [...running.keys()])
      .then((ids) => {
        for (const id of ids) running.get(id)?.controller.abort(new Cancelled('It was cancelled'));
      })
      .catch((error) => log.warn({ err: error }, 'cancelled tasks could not be looked for'))
      .finally(() => {
        looking = false;
        if (lookAgain && !closed) lookForCancelled();
      });
  }

  /** Of a server that is no more, whose home did not come back. */
  async function endAbandoned(): Promise<void> {
    const before = new Date(Date.now() - abandonedMs);
    for (const task of await queueStore.listCancelledBefore(db, before)) {
      if (!running.has(task.id)) await end(task, { status: 'cancelled' });
    }
  }

  return {
    wake,
    lookForCancelled,
    async recover() {
      for (const { task, ref } of await queueStore.listOpenAttempts(db, home)) begin(task, ref);
      started = true;
      wake();
      lookForCancelled();
    },
    async close() {
      closed = true;
      clearInterval(timer);
      for (const { controller } of running.values()) controller.abort(new LeaveRunning());
      await claiming;
      await Promise.all([...running.values()].map(({ work }) => work));
    },
  };
}
