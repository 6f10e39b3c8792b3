import type { AnyEvent } from '@borgos/contracts/events';
import { type Told, type WebhookEventName, webhookNamesOf } from '@borgos/contracts/webhook-events';
import type { BaseLogger } from 'pino';
import type { Db } from '../database/transaction.ts';
import type { EventFeed } from '../events/feed.ts';
import * as scheduleStore from './schedule-store.ts';

/** What a trigger makes a task of. */
export interface TriggerEvent {
  seq: number;
  /** As the schedule names it. */
  name: WebhookEventName;
  data: Record<string, unknown>;
  /** The object that it is about, for which one task at a time is enough. */
  key: string | null;
  /** Of a task, if it is about one. */
  taskId: number | null;
}

export interface Triggers {
  /** From the event on at which an earlier life stopped. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** More wait only when more happens than could ever become tasks. */
const mostWaiting = 1_000;
const noteMs = 30_000;

/** Looks at every event for schedules that wait for such a one. */
export function createTriggers({
  db,
  feed,
  fire,
  log,
}: {
  db: Db;
  feed: Pick<EventFeed, 'subscribe' | 'lastSeq'>;
  /** Makes the task. Called once for an event by one of the servers on the database, unless it dies. */
  fire(scheduleId: number, event: TriggerEvent): Promise<void>;
  log: Pick<BaseLogger, 'warn' | 'error'>;
}): Triggers {
  let wanted = new Map<WebhookEventName, { id: number; project: number | null }[]>();
  let endFeed = () => {};
  let seen = 0;
  let work: Promise<void> = Promise.resolve();
  let waiting = 0;
  let timer: NodeJS.Timeout | undefined;

  async function load(): Promise<void> {
    const loaded: typeof wanted = new Map();
    for (const { id, trigger_event, trigger_project_id } of await scheduleStore.listTriggers(db)) {
      if (!trigger_event) continue;
      const entries = loaded.get(trigger_event) ?? [];
      loaded.set(trigger_event, [...entries, { id, project: trigger_project_id }]);
    }
    wanted = loaded;
  }

  /** One after the other, in the order of the events. */
  function queue(job: () => Promise<void>): void {
    waiting += 1;
    work = work
      .then(job)
      .catch((error) => log.error({ err: error }, 'an event was not looked at for triggers'))
      .finally(() => {
        waiting -= 1;
      });
  }

  function look(event: AnyEvent): void {
    seen = event.seq;
    if (event.type.startsWith('schedule_')) {
      queue(load);
      return;
    }
    // Whatever is queued before may be what makes it wanted.
    const names = webhookNamesOf(event as Told);
    if (names.length === 0 || (waiting === 0 && !names.some((name) => wanted.has(name)))) return;
    if (waiting >= mostWaiting) {
      log.warn({ seq: event.seq }, 'too many events wait for triggers; one is passed over');
      return;
    }
    queue(async () => {
      for (const name of names) await fireAll(event, name);
    });
  }

  async function fireAll(event: AnyEvent, name: WebhookEventName): Promise<void> {
    const data: Record<string, unknown> = { ...event.data };
    for (const { id, project } of wanted.get(name) ?? []) {
      if (project !== null && data.project_id !== project) continue;
      await fire(id, { seq: event.seq, name, data, ...objectOf(event) });
    }
  }

  return {
    async start() {
      await load();
      const position = await scheduleStore.findPosition(db);
      seen = position ?? feed.lastSeq;
      endFeed = feed.subscribe(look, seen);
      timer = setInterval(() => {
        const upTo = seen;
        if (waiting === 0 && upTo > 0) {
          queue(() => scheduleStore.advancePosition(db, upTo).then(() => {}));
        }
      }, noteMs).unref();
    },
    async close() {
      clearInterval(timer);
      endFeed();
      await work;
    },
  };
}

function objectOf(event: AnyEvent): Pick<TriggerEvent, 'key' | 'taskId'> {
  const { type, data } = event;
  if ('group_id' in data) return { key: `error_group:${data.group_id}`, taskId: null };
  if (!('id' in data)) return { key: null, taskId: null };
  const noun = type.split('_', 1)[0];
  return { key: `${noun}:${data.id}`, taskId: noun === 'task' ? data.id : null };
}
