import type { Delivery } from '@borgos/contracts/webhooks';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';
import type { Target } from './store.ts';

/** One that this server is to send. */
export interface ClaimedDelivery {
  id: number;
  message_id: string;
  body: string;
  /** Tells this claim from every other one of the same delivery. */
  claimed_until: string;
  target: Target;
}

/** What this server has of a webhook. */
export interface Held {
  webhook_id: number;
  /** How many it has claimed. */
  count: number;
  /** How many more it can take. */
  room: number;
}

export interface Claiming {
  at: Date;
  until: Date;
  held: Held[];
  /** Those whose claim has run out, but which this server is still sending. */
  except: number[];
  /** How many it can take of a webhook that it has none of. */
  room: number;
  /** How many of one webhook are sent at the same time. */
  atOnce: number;
}

/** Beyond what all servers together claim of one webhook: those due longest come first. */
const lookedAt = 192;

/**
 * Claims what is due. A webhook is claimed for by one server at a time; what others have claimed of
 * it leaves less for this one.
 */
export async function claimDue(db: Db, claiming: Claiming): Promise<ClaimedDelivery[]> {
  const { at, until, held, except, room, atOnce } = claiming;
  const webhookIds = held.map(({ webhook_id }) => webhook_id);
  const counts = held.map(({ count }) => count);
  const rooms = held.map(({ room }) => room);
  const { rows } = await sql<Omit<ClaimedDelivery, 'target'> & Target & { webhook_id: number }>`
    with held as materialized (
      select * from unnest(${webhookIds}::integer[], ${counts}::integer[], ${rooms}::integer[])
        as h (webhook_id, count, room)
    ), receivers as materialized (
      select w.id, w.url, w.secret, w.previous_secret, w.previous_secret_until,
        coalesce(h.count, 0) as held, coalesce(h.room, ${room}) as room
      from webhooks w left join held h on h.webhook_id = w.id
      where w.is_active and coalesce(h.room, ${room}) > 0 and exists (
        select from webhook_deliveries d
        where d.webhook_id = w.id and d.status = 'pending' and d.next_attempt_at <= ${at}
          and (d.claimed_until is null or d.claimed_until <= ${at})
          and d.id <> all (${except}::bigint[]))
      for no key update of w skip locked
    ), front as (
      select r.held, r.room, d.id, d.is_claimed,
        count(*) filter (where d.is_claimed) over (partition by r.id) as claimed,
        row_number() over (partition by r.id, d.is_claimed order by d.next_attempt_at, d.id) as place
      from receivers r cross join lateral (
        select id, next_attempt_at,
          coalesce(claimed_until > ${at}, false) or id = any (${except}::bigint[]) as is_claimed
        from webhook_deliveries
        where webhook_id = r.id and status = 'pending' and next_attempt_at <= ${at}
        order by next_attempt_at limit ${lookedAt}
      ) d
    ), taken as (
      select d.id from webhook_deliveries d join front f on f.id = d.id
      where not f.is_claimed
        -- With others on it, no more than are sent at the same time, theirs included.
        and f.place <= least(f.room, case when f.claimed > f.held then ${atOnce} - f.claimed end)
      for update of d skip locked
    )
    update webhook_deliveries d set claimed_until = ${until}
    from taken t, receivers r
    where d.id = t.id and r.id = d.webhook_id
      and d.status = 'pending' and (d.claimed_until is null or d.claimed_until <= ${at})
    returning d.id, d.message_id, d.body, d.claimed_until, d.webhook_id,
      r.url, r.secret, r.previous_secret, r.previous_secret_until`.execute(db);
  return rows.map(({ id, message_id, body, claimed_until, webhook_id, ...target }) => ({
    id,
    message_id,
    body,
    claimed_until,
    target: { ...target, id: webhook_id },
  }));
}

/** Gives back what was not sent; what is not claimed by this claim any more stays as it is. */
export async function releaseClaims(db: Db, claims: Claim[]): Promise<void> {
  await sql`
    update webhook_deliveries d set claimed_until = null
    from jsonb_to_recordset(${JSON.stringify(claims)}::jsonb) as c (id bigint, claimed_until timestamptz)
    where d.id = c.id and d.claimed_until = c.claimed_until`.execute(db);
}

type Claim = Pick<ClaimedDelivery, 'id' | 'claimed_until'>;

export interface StandingDelivery extends Pick<Delivery, 'id' | 'status'> {
  /** Of this round of the schedule. */
  failures: number;
}

/** Those of the claims that still stand, which nobody else changes until the transaction ends. */
export async function lockClaimed(db: Db, claims: Claim[]): Promise<StandingDelivery[]> {
  const { rows } = await sql<StandingDelivery>`
    select d.id, d.status, d.failures
    from jsonb_to_recordset(${JSON.stringify(claims)}::jsonb) as c (id bigint, claimed_until timestamptz)
    join webhook_deliveries d on d.id = c.id and d.claimed_until = c.claimed_until
    order by d.id for no key update of d`.execute(db);
  return rows;
}

/** What a try has made of a delivery. */
export interface TriedRow extends Claim {
  status: Delivery['status'];
  /** `null`: as before. */
  failures: number | null;
  next_attempt_at: string | null;
  completed_at: string | null;
  attempt: Delivery['attempts'][number];
  request_headers: Record<string, string>;
  response: Delivery['response'];
}

/** Ends the claims; what is not claimed by this claim any more stays as it is. */
export async function updateTried(db: Db, rows: TriedRow[]): Promise<void> {
  await updating(rows).execute(db);
}

/** The same where all were successes: their webhooks do not fail any more. */
export async function updateSucceeded(db: Db, rows: TriedRow[]): Promise<void> {
  await sql`
    with done as (${updating(rows)})
    update webhooks set failing_since = null
    where failing_since is not null and id in (select webhook_id from done)`.execute(db);
}

function updating(rows: TriedRow[]) {
  return sql`
    update webhook_deliveries d set
      status = t.status,
      failures = coalesce(t.failures, d.failures),
      attempts = jsonb_path_query_array(d.attempts || t.attempt, '$[last - 19 to last]'),
      request_headers = t.request_headers,
      response = t.response,
      next_attempt_at = t.next_attempt_at,
      completed_at = t.completed_at,
      claimed_until = null
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t (
      id bigint, claimed_until timestamptz, status text, failures integer, attempt jsonb,
      request_headers jsonb, response jsonb, next_attempt_at timestamptz, completed_at timestamptz)
    where d.id = t.id and d.claimed_until = t.claimed_until
    returning d.webhook_id`;
}

/** When the next delivery is due that is not yet; `null`: none waits. */
export async function findNextDue(db: Db, at: Date): Promise<string | null> {
  const { rows } = await sql<{ due: string | null }>`
    select min(d.next_attempt_at) as due from webhooks w cross join lateral (
      select next_attempt_at from webhook_deliveries
      where webhook_id = w.id and status = 'pending' and next_attempt_at > ${at}
      order by next_attempt_at limit 1
    ) d where w.is_active`.execute(db);
  return rows[0]?.due ?? null;
}
