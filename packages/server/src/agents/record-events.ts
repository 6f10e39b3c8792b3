import { setTimeout as wait } from 'node:timers/promises';
import { systemActor } from '../caller.ts';
import { type Db, transaction } from '../database/transaction.ts';
import { isUnreachable } from '../database/unreachable.ts';
import { appendEvent } from '../events/append.ts';
import type { AttemptChange } from './queue-store.ts';
import { updateAttempt, updateTask } from './queue-store.ts';
import type { TaskRow } from './store.ts';
import { appendTaskEvents, type NewTaskEvent } from './task-event-store.ts';

/** What one event, and what is known with it, changes. */
export interface Entry extends AttemptChange {
  event: NewTaskEvent | null;
  /** See `AgentEvent`. */
  position?: number;
  session?: string;
  model?: string;
}

export interface Recorder {
  /** Takes an entry; resolves at once unless too many wait. Throws what writing them threw. */
  add(entry: Entry): Promise<void>;
  /** Resolves when everything that was added is durable. */
  flush(): Promise<void>;
}

/** The attempt does not run any more: it was ended by somebody else. */
export class AttemptOver extends Error {
  override name = 'AttemptOver';
}

const mostWaiting = 500;
const mostAtOnce = 250;
/** Progress is told not more often than somebody can follow. */
const tellMs = 1_000;
/** Between the beginnings of two commits that nobody waits for. */
const paceMs = 250;
const shownText = 500;
const awayMs = 30_000;
const retryMs = 500;

/**
 * Writes down what an agent tells: the first at once, what comes soon after it together, and all that
 * waits as soon as somebody waits for it. So twenty agents that never rest cost a few dozen commits a
 * second, and ten thousand events of one share a few.
 */
export function createRecorder(db: Db, task: TaskRow): Recorder {
  let waiting: Entry[] = [];
  let writing: Promise<void> | undefined;
  let failure: unknown;
  let toldAt = Number.NEGATIVE_INFINITY;
  let wroteAt = Number.NEGATIVE_INFINITY;
  let isHurried = false;
  let endRest = () => {};

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      await rest();
      wroteAt = performance.now();
      const entries = waiting.slice(0, mostAtOnce);
      waiting = waiting.slice(mostAtOnce);
      await writeInTime(entries);
    }
    isHurried = false;
  }

  function rest(): Promise<void> {
    const ms = wroteAt + paceMs - performance.now();
    if (isHurried || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      endRest = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  function hurry(): void {
    isHurried = true;
    endRest();
  }

  /** A database that is away for a moment is waited for: what an agent does cannot be had again. */
  async function writeInTime(entries: Entry[]): Promise<void> {
    const until = performance.now() + awayMs;
    for (;;) {
      try {
        await write(entries);
        return;
      } catch (error) {
        if (!isUnreachable(error) || performance.now() > until) throw error;
        await wait(retryMs);
      }
    }
  }

  async function write(entries: Entry[]): Promise<void> {
    const events = entries.flatMap(({ event }) => event ?? []);
    const latest = events.at(-1);
    const isTold = latest !== undefined && performance.now() - toldAt >= tellMs;
    const { position, ...change } = latestOf(entries);
    const append = async (db: Db) => {
      const seq = await appendTaskEvents(db, task.id, events, { onlyIn: task.attempt, position });
      if (seq === undefined) throw new AttemptOver();
      return seq;
    };
    // Of most of what agents tell this is all: one statement, where a transaction has many.
    if (!isTold && Object.keys(change).length === 0) {
      await append(db);
      return;
    }
    await transaction(db, async (db) => {
      const seq = await append(db);
      const { session, model, ...known } = change;
      await updateTask(db, task.id, {
        ...(session !== undefined && { session }),
        ...(model !== undefined && task.model === null && { model }),
      });
      await updateAttempt(db, task, known);
      if (!isTold) return;
      const { id, project_id, agent_type, schedule_id, attempt } = task;
      const text = textOf(latest).slice(0, shownText).toWellFormed();
      await appendEvent(
        db,
        'task_progress',
        {
          ...{ id, project_id, agent_type, schedule_id, attempt },
          last_seq: seq,
          type: latest.type,
          text,
        },
        systemActor,
      );
    });
    if (isTold) toldAt = performance.now();
  }

  function begin(): Promise<void> {
    writing ??= writeAll()
      .catch((error) => {
        failure = error;
        waiting = [];
      })
      .finally(() => {
        writing = undefined;
      });
    return writing;
  }

  async function flush(): Promise<void> {
    while (writing || waiting.length > 0) {
      hurry();
      await begin();
    }
    if (failure !== undefined) throw failure;
  }

  return {
    async add(entry) {
      if (failure !== undefined) throw failure;
      waiting.push(entry);
      const beginning = begin();
      if (waiting.length >= mostWaiting) {
        hurry();
        await beginning;
      }
      if (failure !== undefined) throw failure;
    },
    flush,
  };
}

/** Of each thing that was said more than once, what was said last. */
function latestOf(entries: Entry[]): Omit<Entry, 'event'> {
  const latest: Omit<Entry, 'event'> = {};
  for (const { event: _, ...entry } of entries) Object.assign(latest, entry);
  return latest;
}

function textOf({ data }: NewTaskEvent): string {
  const shown = [data.text, data.title, data.name, data.message].find(
    (value) => typeof value === 'string',
  );
  return typeof shown === 'string' ? shown : '';
}
