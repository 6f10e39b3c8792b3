import type { Delivery, WebhookWithSecret } from '@borgos/contracts/webhooks';
import { pino } from 'pino';
import { systemActor } from '../../caller.ts';
import { type Database, openDatabase } from '../../database/open.ts';
import { transaction } from '../../database/transaction.ts';
import { appendEvent } from '../../events/append.ts';
import { createEventFeed } from '../../events/feed.ts';
import { type Keys, newKey } from '../../secrets/keys.ts';
import { secretsOf } from '../../secrets/secrets.ts';
import { cloneDatabase } from '../../testing/cloned-database.ts';
import { waitFor } from '../../testing/wait-for.ts';
import type { FailedDelivery } from '../sending/retry-schedule.ts';
import { createWebhooks, type Webhooks } from '../webhooks.ts';
import { type Answer, type HttpReceiver, startHttpReceiver } from './http-receiver.ts';

export interface TestWebhooks {
  webhooks: Webhooks;
  database: Database;
  /** How far it is ahead of the real time; only tests move it. */
  clock: { aheadMs: number };
  keys: Keys;
  /** All that was logged. */
  logged: string[];
  /** Milliseconds until the next try; tests may replace it. */
  schedule: { nextTryInMs: (failed: FailedDelivery) => number | null };
  receive(answer?: Answer): Promise<HttpReceiver>;
  /** A webhook with a receiver of its own, for all events. */
  add(answer?: Answer): Promise<{ webhook: WebhookWithSecret; receiver: HttpReceiver }>;
  /** Something happens that webhooks are told of. */
  tell(name?: string): Promise<void>;
  deliveriesOf(id: number): Promise<Delivery[]>;
  /** Waits until all that was told to it has one of the states. */
  until(id: number, ...statuses: Delivery['status'][]): Promise<Delivery[]>;
  /** Another server on the same database, with its own keys or these. */
  another(keys?: Keys): Promise<Webhooks>;
  close(): Promise<void>;
}

/** Webhooks on a database of their own, whose retries come at once. */
export async function startTestWebhooks(): Promise<TestWebhooks> {
  const logged: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) });
  const clone = await cloneDatabase();
  const database = await openDatabase({ source: clone, log });
  const { db } = database;
  const clock = { aheadMs: 0 };
  const keys: Keys = [newKey()];
  const schedule = { nextTryInMs: (_: FailedDelivery): number | null => 1 };
  const closing: (() => Promise<void>)[] = [];

  async function another(keys: Keys): Promise<Webhooks> {
    const feed = await createEventFeed({ database, log });
    closing.unshift(() => feed.close());
    const webhooks = createWebhooks({
      db,
      feed,
      secrets: secretsOf(keys),
      reach: { allow: [], allowLoopback: true, ownPorts: () => [] },
      log,
      now: () => Date.now() + clock.aheadMs,
      schedule: (failed) => schedule.nextTryInMs(failed),
    });
    closing.unshift(() => webhooks.close());
    webhooks.start();
    return webhooks;
  }

  async function receive(answer?: Answer): Promise<HttpReceiver> {
    const receiver = await startHttpReceiver(answer);
    closing.unshift(() => receiver.close());
    return receiver;
  }

  const webhooks = await another(keys);
  const deliveriesOf = async (id: number) => (await webhooks.deliveries({ id, limit: 1000 })).items;

  return {
    webhooks,
    database,
    clock,
    keys,
    logged,
    schedule,
    receive,
    async add(answer) {
      const receiver = await receive(answer);
      const fields = { url: receiver.url, events: ['*' as const] };
      return { webhook: await webhooks.create(fields, systemActor), receiver };
    },
    tell: (name = 'my-app') =>
      transaction(db, (db) => appendEvent(db, 'project_deleted', { id: 1, name }, systemActor)),
    deliveriesOf,
    until: (id, ...statuses) =>
      waitFor(`the deliveries of webhook ${id} to be ${statuses.join(' or ')}`, async () => {
        const deliveries = await deliveriesOf(id);
        const areThere = deliveries.every(({ status }) => statuses.includes(status));
        return deliveries.length > 0 && areThere && deliveries;
      }),
    another: (own = keys) => another(own),
    async close() {
      for (const close of closing) await close();
      await database.close();
      await clone.drop();
    },
  };
}
