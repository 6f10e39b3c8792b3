import { randomUUID } from 'node:crypto';
import type { api } from '@borgos/contracts';
import type { Actor } from '@borgos/contracts/caller';
import type { EndpointInput, ListResult, ParsedInput } from '@borgos/contracts/endpoint';
import type { Delivery, Webhook, WebhookWithSecret } from '@borgos/contracts/webhooks';
import type { BaseLogger } from 'pino';
import { type Db, transaction } from '../database/transaction.ts';
import { AppError, notFound } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import type { EventFeed } from '../events/feed.ts';
import {
  type AddressRules,
  type AddressRulesOptions,
  createAddressRules,
} from '../outbound/address-rules.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { createDeliveryWorker } from './deliver.ts';
import * as deliveryStore from './delivery-store.ts';
import { forgetOldDeliveries } from './forget-old.ts';
import { createSendOnce } from './send-once.ts';
import { type FailedDelivery, nextTryInMs } from './sending/retry-schedule.ts';
import { createSender } from './sending/send.ts';
import { checkSecret, newSecret } from './sending/signature.ts';
import * as store from './store.ts';
import { sealSecret } from './webhook-secrets.ts';

type Endpoints = (typeof api)['webhooks'];

export interface Webhooks {
  /**
   * The secret is in this answer only.
   * @throws AppError WEBHOOK_URL_NOT_ALLOWED, VALIDATION_FAILED, CONFLICT when there are too many
   */
  create(fields: ParsedInput<Endpoints['create']>, actor: Actor): Promise<WebhookWithSecret>;
  list(query: ParsedInput<Endpoints['list']>): Promise<ListResult<Webhook>>;
  get(id: number): Promise<Webhook>;
  update(
    id: number,
    fields: Omit<ParsedInput<Endpoints['update']>, 'id'>,
    actor: Actor,
  ): Promise<Webhook>;
  delete(id: number, actor: Actor): Promise<void>;
  /** Sends once, now, and records it. Whether it fails changes nothing about the webhook. */
  test(id: number, signal: AbortSignal): Promise<Delivery>;
  /** The new secret is in this answer only. */
  rotateSecret(
    id: number,
    fields: { secret?: string | undefined },
    actor: Actor,
  ): Promise<WebhookWithSecret>;
  deliveries(query: ParsedInput<Endpoints['deliveries']>): Promise<ListResult<Delivery>>;
  /** @throws AppError WEBHOOK_DISABLED */
  redeliver(id: number, deliveryId: number): Promise<Delivery>;
  /** Deletes what is kept no longer; for every hour. */
  forgetOld(): Promise<void>;
  /** Takes up what waits to be sent. */
  start(): void;
  /** Waits at most 3 s for what is on its way; what is not known to have arrived is sent again. */
  close(): Promise<void>;
}

const mostWebhooks = 100;
const purpose = { who: 'webhooks', setting: 'BORGOS_WEBHOOK_ALLOW' };
const bothSecretsMs = 24 * 3_600_000;
const timeoutMs = 15_000;

/**
 * Tells others by HTTP what happens, as Standard Webhooks says.
 * @param reach which receivers may be reached
 * @param now in milliseconds since 1970
 * @param schedule milliseconds until the next try; `null`: there is none any more
 */
export function createWebhooks({
  db,
  feed,
  secrets,
  reach,
  log,
  now = Date.now,
  schedule = nextTryInMs,
}: {
  db: Db;
  feed: Pick<EventFeed, 'subscribe'>;
  secrets: Pick<Secrets, 'seal' | 'open'>;
  reach: Omit<AddressRulesOptions, 'purpose'>;
  log: Pick<BaseLogger, 'warn' | 'error'>;
  now?: () => number;
  schedule?: (failed: FailedDelivery) => number | null;
}): Webhooks {
  const rules = createAddressRules({ ...reach, purpose });
  const sender = createSender({ rules, timeoutMs });
  const sendOnce = createSendOnce({ sender, secrets, now });
  const delivering = { db, feed, sendOnce, log, now, nextTryInMs: schedule, timeoutMs };
  const worker = createDeliveryWorker(delivering);
  const closing = new AbortController();

  async function get(id: number): Promise<Webhook> {
    const webhook = await store.findWebhook(db, id);
    if (!webhook) throw notFound('Webhook', id);
    return webhook;
  }

  return {
    async create({ url, events, description = null, secret = newSecret() }, actor) {
      assertReachable(rules, url);
      checkSecret(secret);
      const webhook = await transaction(db, async (db) => {
        await store.lockAdding(db);
        await assertRoom(db);
        const fields = { url, events, description };
        const made = await store.insertWebhook(db, fields, (id) => sealSecret(secrets, id, secret));
        await appendEvent(db, 'webhook_created', { id: made.id, url, events }, actor);
        return made;
      });
      return { ...webhook, secret };
    },

    list: ({ limit, offset = 0, active }) => store.listWebhooks(db, { active }, { limit, offset }),
    get,

    async update(id, fields, actor) {
      if (fields.url !== undefined) assertReachable(rules, fields.url);
      const changed = Object.keys(fields);
      if (changed.length === 0) return get(id);
      const webhook = await transaction(db, async (db) => {
        const before = await store.lockWebhook(db, id);
        if (!before) throw notFound('Webhook', id);
        const at = new Date(now());
        const switched = switching(before, fields.is_active, at);
        const change = { ...definedOf(fields), ...newReceiver(before, fields.url), ...switched };
        const isSwitchedOff = switched?.is_active === false;
        if (isSwitchedOff) await store.lockOut(db, id);
        const webhook = await store.updateWebhook(db, id, change);
        if (!webhook) throw notFound('Webhook', id);
        if (isSwitchedOff) await deliveryStore.cancelPending(db, id, at);
        await appendEvent(db, 'webhook_updated', { id, url: webhook.url, changed }, actor);
        return webhook;
      });
      if (!webhook.is_active) worker.forget(id);
      return webhook;
    },

    async delete(id, actor) {
      await transaction(db, async (db) => {
        const deleted = await store.deleteWebhook(db, id);
        if (!deleted) throw notFound('Webhook', id);
        await appendEvent(db, 'webhook_deleted', { id, url: deleted.url }, actor);
      });
      worker.forget(id);
    },

    async test(id, signal) {
      const target = await store.findTarget(db, id);
      if (!target) throw notFound('Webhook', id);
      const message_id = randomUUID();
      const event = 'webhook.test';
      const timestamp = new Date(now()).toISOString();
      const body = JSON.stringify({ type: event, timestamp, data: { webhook_id: id } });
      const stopping = AbortSignal.any([signal, closing.signal]);
      const tried = await sendOnce(target, { message_id, body }, stopping);
      return deliveryStore.insertTried(db, { webhook_id: id, message_id, event, body }, tried);
    },

    async rotateSecret(id, { secret = newSecret() }, actor) {
      checkSecret(secret);
      const sealed = sealSecret(secrets, id, secret);
      const until = new Date(now() + bothSecretsMs);
      const webhook = await transaction(db, async (db) => {
        const webhook = await store.rotateSecret(db, id, sealed, until);
        if (!webhook) throw notFound('Webhook', id);
        await appendEvent(db, 'webhook_secret_rotated', { id, url: webhook.url }, actor);
        return webhook;
      });
      return { ...webhook, secret };
    },

    async deliveries({ id, limit, offset = 0, status, event }) {
      const found = await deliveryStore.listDeliveries(
        db,
        id,
        { status, event },
        { limit, offset },
      );
      if (found.total === 0) await get(id);
      return found;
    },

    async redeliver(id, deliveryId) {
      const delivery = await transaction(db, async (db) => {
        const webhook = await store.lockWebhook(db, id);
        if (!webhook) throw notFound('Webhook', id);
        if (!webhook.is_active) throw disabled(id);
        const key = { webhook_id: id, id: deliveryId };
        const delivery = await deliveryStore.requeueDelivery(db, key, new Date(now()));
        if (!delivery) throw notFound('Delivery', deliveryId);
        return delivery;
      });
      worker.wake();
      return delivery;
    },

    async forgetOld() {
      const at = now();
      await store.deletePreviousSecrets(db, new Date(at));
      await forgetOldDeliveries(db, at, closing.signal);
    },

    start: worker.start,
    async close() {
      closing.abort(new Error('BorgOS is closing'));
      try {
        await worker.close();
      } finally {
        await sender.close();
      }
    },
  };
}

/** @throws AppError WEBHOOK_URL_NOT_ALLOWED */
function assertReachable(rules: AddressRules, url: string): void {
  try {
    rules.checkUrl(url);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError('WEBHOOK_URL_NOT_ALLOWED', error.message, { cause: error });
  }
}

async function assertRoom(db: Db): Promise<void> {
  if ((await store.countWebhooks(db)) < mostWebhooks) return;
  throw new AppError(
    'CONFLICT',
    `There are ${mostWebhooks} webhooks, which is as many as there can be. Delete one that is not needed any more: DELETE /api/v1/webhooks/{id}; or let one webhook subscribe to more events`,
  );
}

/** What else changes when a webhook is switched on or off; `undefined`: it is not. */
function switching(
  before: Webhook,
  isActive: boolean | undefined,
  at: Date,
): store.WebhookChange | undefined {
  if (isActive === undefined || isActive === before.is_active) return undefined;
  return isActive
    ? { is_active: true, disabled_reason: null, disabled_at: null, failing_since: null }
    : { is_active: false, disabled_at: at };
}

/** Another receiver is not to blame for how the former one failed. */
function newReceiver(before: Webhook, url: string | undefined): store.WebhookChange {
  return url === undefined || url === before.url ? {} : { failing_since: null };
}

function disabled(id: number): AppError {
  return new AppError(
    'WEBHOOK_DISABLED',
    `Webhook ${id} is switched off, so nothing is sent to it. Switch it on first: PATCH /api/v1/webhooks/${id} with {"is_active": true}`,
  );
}

type Changes = Omit<EndpointInput<Endpoints['update']>, 'id'>;

/** Without what was left out. */
function definedOf({ url, events, description, is_active }: Changes): store.WebhookChange {
  return {
    ...(url !== undefined && { url }),
    ...(events !== undefined && { events }),
    ...(description !== undefined && { description }),
    ...(is_active !== undefined && { is_active }),
  };
}
