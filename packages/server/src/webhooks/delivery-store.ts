import type { Delivery } from '@borgos/contracts/webhooks';
import { sql } from 'kysely';
import { constraintOf, type Db } from '../database/transaction.ts';
import { notFound } from '../errors.ts';
import type { Tried } from './send-once.ts';

export interface DeliveryFilter {
  status?: Delivery['status'] | undefined;
  event?: Delivery['event'] | undefined;
}

const columns = [
  'webhook_deliveries.id',
  'webhook_id',
  'message_id',
  'event',
  'status',
  'attempts',
  'next_attempt_at',
  'request_headers',
  'body',
  'response',
  'webhook_deliveries.created_at',
  'completed_at',
  'url',
] as const;

type Row = Omit<Delivery, 'request'> & {
  request_headers: Record<string, string>;
  body: string;
  url: string;
};

export async function listDeliveries(
  db: Db,
  webhookId: number,
  filter: DeliveryFilter,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ items: Delivery[]; total: number }> {
  const rows = await matching(db, webhookId, filter)
    .innerJoin('webhooks', 'webhooks.id', 'webhook_id')
    .select(columns)
    // In one statement, so that the page and the total are of the same moment; apart, as a count
    // over the rows themselves would carry all their bodies.
    .select(matching(db, webhookId, filter).select(sql<number>`count(*)`.as('total')).as('total'))
    .orderBy('webhook_deliveries.id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  const items = rows.map(({ total: _, ...row }) => deliveryOf(row));
  // A page past the end has no row to carry the total.
  const total = rows[0]?.total ?? (offset > 0 ? await countDeliveries(db, webhookId, filter) : 0);
  return { items, total };
}

async function countDeliveries(db: Db, webhookId: number, filter: DeliveryFilter) {
  const row = await matching(db, webhookId, filter)
    .select(sql<number>`count(*)`.as('total'))
    .executeTakeFirstOrThrow();
  return row.total;
}

function matching(db: Db, webhookId: number, { status, event }: DeliveryFilter) {
  let query = db.selectFrom('webhook_deliveries').where('webhook_id', '=', webhookId);
  if (status) query = query.where('status', '=', status);
  if (event) query = query.where('event', '=', event);
  return query;
}

async function getDelivery(db: Db, id: number): Promise<Delivery> {
  const row = await db
    .selectFrom('webhook_deliveries')
    .innerJoin('webhooks', 'webhooks.id', 'webhook_id')
    .select(columns)
    .where('webhook_deliveries.id', '=', id)
    .executeTakeFirstOrThrow();
  return deliveryOf(row);
}

/** What was tried once, outside of the schedule. */
export async function insertTried(
  db: Db,
  fields: { webhook_id: number; message_id: string; event: Delivery['event']; body: string },
  tried: Tried,
): Promise<Delivery> {
  const { id } = await db
    .insertInto('webhook_deliveries')
    .values({
      ...fields,
      status: tried.outcome.error === null ? 'succeeded' : 'failed',
      failures: tried.outcome.error === null ? 0 : 1,
      attempts: JSON.stringify([attemptOf(tried)]),
      request_headers: JSON.stringify(tried.headers),
      response: JSON.stringify(responseOf(tried)),
      next_attempt_at: null,
      completed_at: new Date(Date.parse(tried.at) + tried.outcome.duration_ms),
    })
    .returning('id')
    .executeTakeFirstOrThrow()
    .catch((error) => {
      if (constraintOf(error) !== 'webhook_deliveries_webhook_id_fkey') throw error;
      throw notFound('Webhook', fields.webhook_id);
    });
  return getDelivery(db, id);
}

/**
 * To be sent as if it was new; who is sending it in this moment goes on and decides. `undefined` when
 * the webhook has no such delivery.
 */
export async function requeueDelivery(
  db: Db,
  { webhook_id, id }: { webhook_id: number; id: number },
  at: Date,
): Promise<Delivery | undefined> {
  const changed = await db
    .updateTable('webhook_deliveries')
    .set({ status: 'pending', failures: 0, next_attempt_at: at, completed_at: null })
    .where('id', '=', id)
    .where('webhook_id', '=', webhook_id)
    .returning('id')
    .executeTakeFirst();
  return changed && getDelivery(db, changed.id);
}

/** Of a webhook that is being disabled. */
export async function cancelPending(db: Db, webhookId: number, at: Date): Promise<void> {
  await db
    .updateTable('webhook_deliveries')
    .set({ status: 'cancelled', next_attempt_at: null, completed_at: at })
    .where('webhook_id', '=', webhookId)
    .where('status', '=', 'pending')
    .execute();
}

/** Whatever is not to be sent any more. @returns how many were deleted: at most `limit` */
export async function deleteDeliveriesBefore(db: Db, before: Date, limit: number): Promise<number> {
  const result = await db
    .deleteFrom('webhook_deliveries')
    .where('id', 'in', (from) =>
      from
        .selectFrom('webhook_deliveries')
        .select('id')
        .where('created_at', '<', sql<string>`${before}`)
        .where('status', '<>', 'pending')
        .orderBy('created_at')
        .limit(limit),
    )
    .where('status', '<>', 'pending')
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** The newest delivery of each webhook that has more than `count` from there on. */
export async function listBeyond(
  db: Db,
  count: number,
): Promise<{ webhook_id: number; id: number }[]> {
  const { rows } = await sql<{ webhook_id: number; id: number }>`
    select w.id as webhook_id, d.id from webhooks w cross join lateral (
      select id from webhook_deliveries where webhook_id = w.id
      order by id desc offset ${count} limit 1
    ) d`.execute(db);
  return rows;
}

/** As above: those up to that one. */
export async function deleteDeliveriesUpTo(
  db: Db,
  { webhook_id, id }: { webhook_id: number; id: number },
  limit: number,
): Promise<number> {
  const result = await db
    .deleteFrom('webhook_deliveries')
    .where('id', 'in', (from) =>
      from
        .selectFrom('webhook_deliveries')
        .select('id')
        .where('webhook_id', '=', webhook_id)
        .where('id', '<=', id)
        .where('status', '<>', 'pending')
        .orderBy('id')
        .limit(limit),
    )
    .where('status', '<>', 'pending')
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

export function attemptOf({ at, outcome }: Tried): Delivery['attempts'][number] {
  const { status, duration_ms, error } = outcome;
  return { at, status, duration_ms, error };
}

export function responseOf({ outcome }: Tried): Delivery['response'] {
  const { status, response_headers: headers, response_body: body } = outcome;
  return status === null ? null : { status, headers, body };
}

function deliveryOf({ request_headers: headers, body, url, ...row }: Row): Delivery {
  return { ...row, request: { url, headers, body } };
}

/** How many wait; of more than `enough` only that they are more. */
export async function countPending(db: Db, webhookId: number, enough: number): Promise<number> {
  const { count } = await db
    .selectFrom((eb) =>
      eb
        .selectFrom('webhook_deliveries')
        .select('id')
        .where('webhook_id', '=', webhookId)
        .where('status', '=', 'pending')
        .limit(enough + 1)
        .as('waiting'),
    )
    .select(sql<number>`count(*)`.as('count'))
    .executeTakeFirstOrThrow();
  return count;
}
