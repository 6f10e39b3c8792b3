import type { AnyEvent, EventType } from '@borgos/contracts/events';
import type { Database } from '../database/open.ts';
import { eventsChannel } from './append.ts';
import { findOldestSeq } from './retention.ts';

export type EventListener = (event: AnyEvent) => void;

export interface EventFeed {
  /** The `seq` of the newest event that listeners have been given. */
  readonly lastSeq: number;
  /**
   * Calls `listener` with every event after `since`, in order, without a gap or a repeat: first
   * those already kept, then each as it is committed. Without `since`: only what is to come.
   * Returns what ends it. A listener that throws is ended and logged.
   */
  subscribe(listener: EventListener, since?: number): () => void;
  /** Events after one, up to and with another, oldest first: at most `limit` of these types. */
  read(range: EventRange): Promise<AnyEvent[]>;
  /** From this `seq` on nothing is missing: what came before may not be kept any more. */
  oldestSeq(): Promise<number>;
  close(): Promise<void>;
}

export interface EventRange {
  after: number;
  upTo: number;
  types: readonly EventType[];
  limit: number;
}

interface Subscriber {
  listener: EventListener;
  cursor: number;
}

const batchSize = 500;
/** A notification can be lost with its connection, so the table is also looked at by itself. */
const pollMs = 5_000;

/** Reads the events table as it grows; as `seq` is given at the commit, reading by it misses nothing. */
export async function createEventFeed({
  database,
  log,
}: {
  database: Database;
  log: { error(fields: object, message: string): void };
}): Promise<EventFeed> {
  const subscribers = new Set<Subscriber>();
  let lastSeq = await newestSeq(database);
  let reading: Promise<void> | undefined;
  let again = false;
  let closed = false;

  async function read(): Promise<void> {
    do {
      again = false;
      // Who joins while this is read waits for the next turn: these events may not be its first.
      const receivers = [...subscribers];
      const from = Math.min(lastSeq, ...receivers.map(({ cursor }) => cursor));
      const events = await eventsAfter(database, from);
      for (const event of events) {
        for (const receiver of receivers) deliver(receiver, event);
        lastSeq = Math.max(lastSeq, event.seq);
      }
      again ||= events.length === batchSize;
    } while (again && !closed);
  }

  function deliver(subscriber: Subscriber, event: AnyEvent): void {
    if (event.seq <= subscriber.cursor || !subscribers.has(subscriber)) return;
    subscriber.cursor = event.seq;
    try {
      subscriber.listener(event);
    } catch (error) {
      subscribers.delete(subscriber);
      log.error({ err: error, seq: event.seq }, 'an event listener failed and was ended');
    }
  }

  /** One reader at a time: what comes in meanwhile makes it read once more. */
  function wake(): void {
    again = true;
    if (closed) return;
    reading ??= read()
      .then(
        () => true,
        (error) => {
          log.error({ err: error }, 'events could not be read; trying again');
          return false;
        },
      )
      .then((wasRead) => {
        reading = undefined;
        // What came in after the last look, while this was ending.
        if (wasRead && again) wake();
      });
  }

  const listening = await database.listen(eventsChannel, wake);
  const timer = setInterval(wake, pollMs);
  timer.unref();

  return {
    get lastSeq() {
      return lastSeq;
    },
    subscribe(listener, since) {
      const subscriber = { listener, cursor: since ?? lastSeq };
      subscribers.add(subscriber);
      if (subscriber.cursor < lastSeq) wake();
      return () => void subscribers.delete(subscriber);
    },
    read: ({ after, upTo, types, limit }) =>
      selectEvents(database, after)
        .where('seq', '<=', upTo)
        .where('type', 'in', [...types])
        .limit(limit)
        .execute()
        .then(asEvents),
    oldestSeq: () => findOldestSeq(database.db),
    async close() {
      closed = true;
      clearInterval(timer);
      subscribers.clear();
      await listening.close();
      await reading;
    },
  };
}

async function newestSeq(database: Database): Promise<number> {
  const row = await database.db
    .selectFrom('events')
    .select(({ fn }) => fn.max('seq').as('newest'))
    .executeTakeFirst();
  return row?.newest ?? 0;
}

async function eventsAfter(database: Database, seq: number): Promise<AnyEvent[]> {
  return asEvents(await selectEvents(database, seq).limit(batchSize).execute());
}

function selectEvents(database: Database, after: number) {
  return database.db
    .selectFrom('events')
    .select(['seq', 'type', 'data', 'created_at as timestamp'])
    .where('seq', '>', after)
    .orderBy('seq');
}

/** What appendEvent wrote has the type of its catalogue entry. */
function asEvents(rows: { seq: number; type: EventType }[]): AnyEvent[] {
  return rows as AnyEvent[];
}
