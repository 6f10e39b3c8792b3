import { systemActor } from '../caller.ts';
import { type Db, transaction } from '../database/transaction.ts';
import { appendEvent } from '../events/append.ts';
import * as claimStore from './claim-store.ts';
import * as deliveryStore from './delivery-store.ts';
import type { Tried } from './send-once.ts';
import type { FailedDelivery } from './sending/retry-schedule.ts';
import * as store from './store.ts';
import { type Failing, giveUpReason, mostWaiting } from './verdict.ts';

/** A try of a delivery that this server has claimed. */
export interface TriedDelivery extends Tried {
  id: number;
  claimed_until: string;
  webhook_id: number;
}

export interface Recording {
  /** In milliseconds since 1970. */
  now: number;
  /** Milliseconds until the next try; `null`: there is none any more. */
  nextTryInMs: (failed: FailedDelivery) => number | null;
}

/**
 * Records what came of tries, in the order in which they ended, and gives up on webhooks that ask
 * for it or fail for too long. What is recorded a second time changes nothing.
 * @returns the ids of the webhooks that were given up on
 */
export async function recordTries(
  db: Db,
  tries: TriedDelivery[],
  { now, nextTryInMs }: Recording,
): Promise<number[]> {
  const failed = tries.filter(({ outcome }) => outcome.error !== null);
  if (failed.length === 0) {
    await claimStore.updateSucceeded(db, tries.map(succeededRow));
    return [];
  }
  return transaction(db, async (db) => {
    // Before their deliveries, as whoever deletes or disables a webhook does.
    const webhooks = await store.lockWebhooks(db, webhooksOf(tries));
    const standing = await claimStore.lockClaimed(db, claimsOf(failed));
    const byId = new Map(standing.map((delivery) => [delivery.id, delivery]));
    const counted = tries.filter(({ id, outcome }) => outcome.error === null || byId.has(id));

    await claimStore.updateTried(
      db,
      counted.map((tried) => {
        const delivery = byId.get(tried.id);
        return delivery ? failedRow(tried, delivery, { now, nextTryInMs }) : succeededRow(tried);
      }),
    );
    const given = [];
    for (const webhook of webhooks.filter(({ is_active }) => is_active)) {
      const own = counted.filter(({ webhook_id }) => webhook_id === webhook.id);
      const failing = own.reduce<Failing>(follow, { since: webhook.failing_since, last: null });
      const waiting = failing.last
        ? await deliveryStore.countPending(db, webhook.id, mostWaiting)
        : 0;
      const reason = giveUpReason(webhook.id, failing, { waiting, now });
      if (reason === null) await store.updateFailingSince(db, webhook.id, failing.since);
      else given.push({ id: webhook.id, url: webhook.url, since: failing.since, reason });
    }
    for (const { id, since, reason } of given) {
      const at = new Date(now);
      await store.lockOut(db, id);
      const change = { is_active: false, disabled_reason: reason, disabled_at: at };
      await store.updateWebhook(db, id, { ...change, failing_since: since });
      await deliveryStore.cancelPending(db, id, at);
    }
    for (const { id, url, reason } of given) {
      await appendEvent(db, 'webhook_disabled', { id, url, reason }, systemActor);
    }
    return given.map(({ id }) => id);
  });
}

/** What a webhook’s failing looks like after one more try. */
function follow(before: Failing, { at, outcome }: Tried): Failing {
  if (outcome.error === null) return { since: null, last: before.last?.gone ? before.last : null };
  return {
    since: before.since ?? at,
    // Who said that it wants no more is not asked again, whatever else it said.
    last: before.last?.gone ? before.last : { error: outcome.error, gone: outcome.gone },
  };
}

function succeededRow(tried: TriedDelivery): claimStore.TriedRow {
  return {
    ...triedRow(tried),
    status: 'succeeded',
    failures: null,
    next_attempt_at: null,
    completed_at: endOf(tried),
  };
}

function failedRow(
  tried: TriedDelivery,
  { status, failures: before }: claimStore.StandingDelivery,
  { now, nextTryInMs }: Recording,
): claimStore.TriedRow {
  const failures = before + 1;
  const retryAfterSeconds = tried.outcome.retry_after_seconds;
  // Its webhook was disabled while it was sent: no more tries.
  const delay = status === 'pending' ? nextTryInMs({ failures, retryAfterSeconds }) : null;
  const ended = status === 'pending' ? 'failed' : status;
  return {
    ...triedRow(tried),
    failures,
    status: delay === null ? ended : 'pending',
    next_attempt_at: delay === null ? null : new Date(now + delay).toISOString(),
    completed_at: delay === null ? endOf(tried) : null,
  };
}

function triedRow(tried: TriedDelivery) {
  return {
    id: tried.id,
    claimed_until: tried.claimed_until,
    attempt: deliveryStore.attemptOf(tried),
    request_headers: tried.headers,
    response: deliveryStore.responseOf(tried),
  };
}

function endOf({ at, outcome }: Tried): string {
  return new Date(Date.parse(at) + outcome.duration_ms).toISOString();
}

function webhooksOf(tries: TriedDelivery[]): number[] {
  return [...new Set(tries.map(({ webhook_id }) => webhook_id))];
}

function claimsOf(tries: TriedDelivery[]): { id: number; claimed_until: string }[] {
  return tries.map(({ id, claimed_until }) => ({ id, claimed_until }));
}
