import type { Webhook } from '@borgos/contracts/webhooks';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';

const columns = [
  'id',
  'url',
  'events',
  'description',
  'is_active',
  'disabled_reason',
  'disabled_at',
  'failing_since',
  'previous_secret_until',
  'created_at',
  'updated_at',
] as const;

/** Where and with what is sent; the secrets are sealed. */
const targetColumns = ['id', 'url', 'secret', 'previous_secret', 'previous_secret_until'] as const;

export interface Target {
  id: number;
  url: string;
  secret: string;
  previous_secret: string | null;
  previous_secret_until: string | null;
}

export type WebhookFields = Pick<Webhook, 'url' | 'events' | 'description'>;

export interface WebhookChange extends Partial<WebhookFields> {
  is_active?: boolean;
  disabled_reason?: string | null;
  disabled_at?: Date | null;
  failing_since?: Date | string | null;
}

export async function listWebhooks(
  db: Db,
  filter: { active?: boolean | undefined },
  { limit, offset }: { limit: number; offset: number },
): Promise<{ items: Webhook[]; total: number }> {
  const rows = await matching(db, filter)
    .select(columns)
    // In one statement, so that the page and the total are of the same moment.
    .select(sql<number>`count(*) over ()`.as('total'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  const items = rows.map(({ total: _, ...webhook }) => webhook);
  // A page past the end has no row to carry the total.
  const total = rows[0]?.total ?? (offset > 0 ? await countWebhooks(db, filter) : 0);
  return { items, total };
}

export async function countWebhooks(db: Db, filter: { active?: boolean | undefined } = {}) {
  const row = await matching(db, filter)
    .select(sql<number>`count(*)`.as('total'))
    .executeTakeFirstOrThrow();
  return row.total;
}

function matching(db: Db, { active }: { active?: boolean | undefined }) {
  const query = db.selectFrom('webhooks');
  return active === undefined ? query : query.where('is_active', '=', active);
}

export async function findWebhook(db: Db, id: number): Promise<Webhook | undefined> {
  return db.selectFrom('webhooks').select(columns).where('id', '=', id).executeTakeFirst();
}

/** The webhook, which nobody else changes until the transaction ends. */
export async function lockWebhook(db: Db, id: number): Promise<Webhook | undefined> {
  const [webhook] = await lockWebhooks(db, [id]);
  return webhook;
}

/** As one; in the order of their ids, lest two who lock several wait for each other. */
export async function lockWebhooks(db: Db, ids: number[]): Promise<Webhook[]> {
  return db
    .selectFrom('webhooks')
    .select(columns)
    .where('id', '=', sql<number>`any (${ids}::integer[])`)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
}

/**
 * Before a webhook is disabled: waits for changes that are telling it something, so that this can be
 * cancelled, and lets no other one tell it.
 */
export async function lockOut(db: Db, id: number): Promise<void> {
  await db.selectFrom('webhooks').select('id').where('id', '=', id).forUpdate().execute();
}

export async function findTarget(db: Db, id: number): Promise<Target | undefined> {
  return db.selectFrom('webhooks').select(targetColumns).where('id', '=', id).executeTakeFirst();
}

/** All of them, which nobody else changes until the transaction ends. */
export async function lockTargets(db: Db): Promise<Target[]> {
  return db.selectFrom('webhooks').select(targetColumns).orderBy('id').forNoKeyUpdate().execute();
}

/** Lets one after another count and add, until the transaction ends. */
export async function lockAdding(db: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('borgos_webhooks'))`.execute(db);
}

/** @param seal makes the secret of a webhook with this id, which it gets here */
export async function insertWebhook(
  db: Db,
  fields: WebhookFields,
  seal: (id: number) => string,
): Promise<Webhook> {
  const { id } = await db
    .insertInto('webhooks')
    .values({ ...fields, secret: '' })
    .returning('id')
    .executeTakeFirstOrThrow();
  return db
    .updateTable('webhooks')
    .set({ secret: seal(id) })
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** Changes the fields given; `undefined` when there is no such webhook. */
export async function updateWebhook(
  db: Db,
  id: number,
  change: WebhookChange,
): Promise<Webhook | undefined> {
  return db
    .updateTable('webhooks')
    .set({ ...change, updated_at: new Date() })
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirst();
}

/** Of a receiver, not of what somebody changed: `updated_at` stays. */
export async function updateFailingSince(db: Db, id: number, since: string | null): Promise<void> {
  await db
    .updateTable('webhooks')
    .set({ failing_since: since })
    .where('id', '=', id)
    .where('failing_since', 'is distinct from', sql<string>`${since}::timestamptz`)
    .execute();
}

/** The secret becomes the previous one; `undefined` when there is no such webhook. */
export async function rotateSecret(
  db: Db,
  id: number,
  sealed: string,
  previousUntil: Date,
): Promise<Webhook | undefined> {
  return db
    .updateTable('webhooks')
    .set({
      previous_secret: sql`secret`,
      previous_secret_until: previousUntil,
      secret: sealed,
      updated_at: new Date(),
    })
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirst();
}

export async function updateSecrets(
  db: Db,
  id: number,
  secrets: { secret: string; previous_secret: string | null },
): Promise<void> {
  await db.updateTable('webhooks').set(secrets).where('id', '=', id).execute();
}

export async function deletePreviousSecrets(db: Db, before: Date): Promise<void> {
  await db
    .updateTable('webhooks')
    .set({ previous_secret: null, previous_secret_until: null })
    .where('previous_secret_until', '<=', sql<string>`${before}`)
    .execute();
}

/** With its deliveries. Returns what it was; `undefined` when there is no such webhook. */
export async function deleteWebhook(db: Db, id: number): Promise<{ url: string } | undefined> {
  return db.deleteFrom('webhooks').where('id', '=', id).returning('url').executeTakeFirst();
}
