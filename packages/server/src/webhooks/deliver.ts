import { setImmediate, setTimeout as wait } from 'node:timers/promises';
import { webhookNamesOf } from '@borgos/contracts/webhook-events';
import type { BaseLogger } from 'pino';
import type { Db } from '../database/transaction.ts';
import type { EventFeed } from '../events/feed.ts';
import type { ClaimedDelivery } from './claim-store.ts';
import * as claimStore from './claim-store.ts';
import { type Recording, recordTries, type TriedDelivery } from './record-tries.ts';
import type { SendOnce } from './send-once.ts';
import { createSendingTurns, type SendingTurns } from './sending-turns.ts';

export interface DeliveryWorker {
  start(): void;
  /** Looks for what is due, now. */
  wake(): void;
  /** What is not yet on its way to that webhook is not sent. */
  forget(webhookId: number): void;
  /**
   * Waits a while for what is on its way, and then breaks it off: it is sent again after the next
   * start, or by another server.
   */
  close(): Promise<void>;
}

export interface DeliveryOptions {
  db: Db;
  feed: Pick<EventFeed, 'subscribe'>;
  sendOnce: SendOnce;
  log: Pick<BaseLogger, 'warn' | 'error'>;
  /** In milliseconds since 1970. */
  now: () => number;
  nextTryInMs: Recording['nextTryInMs'];
  /** How long a try can take at most. */
  timeoutMs: number;
  /** How long what a killed server was sending is left alone. */
  leaseMs?: number;
}

/** A notification can be lost with its connection, and a lease runs out without one. */
const pollMs = 5_000;
/** After a turn that could not reach PostgreSQL. */
const retryMs = 1_000;
/** After a turn in vain, lest events that no webhook asked for keep PostgreSQL busy. */
const breathMs = 20;
const closeMs = 3_000;
const mostRecorded = 500;
const atOnce = { perWebhook: 4, inAll: 64 };
/** With those that wait for their turn, so that a fast receiver does not wait for PostgreSQL. */
const mostHeld = 64;

/** Sends what is due, at least once, and none of it in a transaction. */
export function createDeliveryWorker(options: DeliveryOptions): DeliveryWorker {
  const { db, feed, sendOnce, log, now, nextTryInMs, timeoutMs, leaseMs = 60_000 } = options;
  const breakingOff = new AbortController();
  /** Ended, but not yet recorded. Bounded, as these are still claimed. */
  const tried: TriedDelivery[] = [];
  const released: ClaimedDelivery[] = [];
  let running: Promise<void> | undefined;
  let again = false;
  /** Something went wrong, and nothing is tried until the timer ends. */
  let isResting = false;
  let idleMs = pollMs;
  let claimedAt = now();
  let timer: NodeJS.Timeout | undefined;
  let endFeed: (() => void) | undefined;
  let closing = false;

  const turns: SendingTurns = createSendingTurns({
    atOnce,
    canStart: ({ claimed_until }) => Date.parse(claimed_until) - now() > timeoutMs + retryMs,
    send,
    onReleased(delivery) {
      released.push(delivery);
      wake();
    },
  });

  async function send(delivery: ClaimedDelivery): Promise<void> {
    const { id, claimed_until, target } = delivery;
    try {
      const result = await sendOnce(target, delivery, breakingOff.signal);
      tried.push({ ...result, id, claimed_until, webhook_id: target.id });
      if (result.outcome.gone) turns.forget(target.id);
    } catch (error) {
      if (breakingOff.signal.aborted) {
        released.push(delivery);
      } else {
        // Tried again when its claim has run out, lest it be tried without end.
        turns.end(delivery);
        log.error({ err: error, webhook: target.id, delivery: id }, 'a webhook was not sent');
      }
    }
    wake();
  }

  /** One at a time: what comes meanwhile makes it look once more. */
  function wake(): void {
    again = true;
    if (!endFeed || closing || isResting) return;
    clearTimeout(timer);
    running ??= run().then((restMs) => {
      running = undefined;
      isResting = restMs > 0;
      if (again && !isResting) wake();
      else sleep(restMs || idleMs);
    });
  }

  function sleep(ms: number): void {
    clearTimeout(timer);
    if (closing) return;
    timer = setTimeout(() => {
      isResting = false;
      wake();
    }, ms).unref();
  }

  /** Until nothing is left to do. Returns for how long nothing must be tried, in milliseconds. */
  async function run(): Promise<number> {
    try {
      while (again && !closing) {
        again = false;
        // What ends in this moment comes along.
        await setImmediate();
        const didSomething = await turn();
        if (!didSomething && again) await wait(breathMs);
      }
      idleMs = await untilNextDue();
      return 0;
    } catch (error) {
      log.error({ err: error }, 'webhooks could not be delivered; trying again');
      return retryMs;
    }
  }

  async function untilNextDue(): Promise<number> {
    if (again || closing) return pollMs;
    // Not since now: something may have come due since it was looked for.
    const due = await claimStore.findNextDue(db, new Date(claimedAt));
    return due === null ? pollMs : Math.min(Math.max(Date.parse(due) - now() + 1, 1), pollMs);
  }

  async function turn(): Promise<boolean> {
    await release();
    // Both to their end, as the next turn must not meet one of this one.
    const done = await Promise.allSettled([record(), claim()]);
    const failed = done.find((step) => step.status === 'rejected');
    if (failed) throw failed.reason;
    return done.some((step) => step.status === 'fulfilled' && step.value);
  }

  async function record(): Promise<boolean> {
    const batch = tried.slice(0, mostRecorded);
    if (batch.length === 0) return false;
    const givenUp = await recordTries(db, batch, { now: now(), nextTryInMs });
    // What came meanwhile is behind it.
    tried.splice(0, batch.length);
    for (const delivery of batch) turns.end(delivery);
    for (const id of givenUp) {
      turns.forget(id);
      log.warn({ webhook: id }, 'a webhook was disabled, as its receiver fails');
    }
    // Its next try may be due before this is over.
    again ||= tried.length > 0 || batch.some(({ outcome }) => outcome.error !== null);
    return true;
  }

  async function release(): Promise<void> {
    const batch = [...released];
    if (batch.length === 0) return;
    await claimStore.releaseClaims(
      db,
      batch.map(({ id, claimed_until }) => ({ id, claimed_until })),
    );
    released.splice(0, batch.length);
    for (const delivery of batch) turns.end(delivery);
  }

  async function claim(): Promise<boolean> {
    if (closing) return false;
    claimedAt = now();
    const claimed = await claimStore.claimDue(db, {
      at: new Date(claimedAt),
      until: new Date(claimedAt + leaseMs),
      held: heldNow(),
      except: turns.overdue(claimedAt),
      room: mostHeld,
      atOnce: atOnce.perWebhook,
    });
    for (const delivery of claimed) turns.add(delivery);
    return claimed.length > 0;
  }

  /** What is tried is about to be given up, and does not stand in the way of others. */
  function heldNow(): claimStore.Held[] {
    return turns.held().map(({ webhook_id, count }) => {
      const own = tried.filter((delivery) => delivery.webhook_id === webhook_id);
      // Who said that it wants no more is sent no more, even before that is recorded.
      const isGone = own.some(({ outcome }) => outcome.gone);
      return { webhook_id, count, room: isGone ? 0 : mostHeld - count + own.length };
    });
  }

  return {
    wake,
    forget: turns.forget,
    start() {
      endFeed = feed.subscribe((event) => {
        if (webhookNamesOf(event).length > 0) wake();
      });
      wake();
    },
    async close() {
      closing = true;
      endFeed?.();
      clearTimeout(timer);
      turns.close();
      const deadline = setTimeout(() => {
        breakingOff.abort(new Error('BorgOS is closing'));
      }, closeMs);
      await Promise.all([turns.idle(), running]);
      clearTimeout(deadline);
      breakingOff.abort(new Error('BorgOS is closing'));
      // What is lost here is sent a second time.
      while (tried.length > 0) await record();
      await release();
    },
  };
}
