import type { RateLimit } from '@borgos/contracts/caller';
import type { BaseLogger } from 'pino';
import type { Db } from '../database/transaction.ts';
import { describe, type Taken, unitsPerToken } from './gcra.ts';
import { deleteRefilled, type Granted, takeTokens } from './store.ts';

export interface SharedLimits {
  /** Never rejects: where the database does not answer in time, `instead` does. */
  take(key: string, limit: RateLimit): Taken | Promise<Taken>;
  close(): void;
}

interface Call {
  key: string;
  limit: RateLimit;
  /** Without a grant: the database did not say. */
  answer(taken?: Taken): void;
}

/** How many may wait; more are counted in memory. */
const mostWaiting = 10_000;
const mostKeys = 1_000;
const restMs = 1_000;
const forgetMs = 60_000;
const forgetAtOnce = 1_000;

/**
 * Counts in PostgreSQL, for all servers on it together.
 *
 * One statement at a time: who comes meanwhile shares the next one. So a crowd waits for two
 * statements, not for a row's lock in a long line, and a database that hangs has one to answer.
 */
export function createSharedLimits({
  db,
  instead,
  log,
  answerWithinMs,
}: {
  db: Db;
  instead: (key: string, limit: RateLimit) => Taken;
  log: Pick<BaseLogger, 'info' | 'warn'>;
  /** How long a call may wait for the database. */
  answerWithinMs: number;
}): SharedLimits {
  let waiting: Call[] = [];
  let asking: Call[] = [];
  /** When the statement under way was sent, by `performance.now()`. */
  let askedAt: number | undefined;
  /** The database failed: it is not asked until then. */
  let restsUntil: number | undefined;
  let forgetting = false;
  let closed = false;
  const timer = setInterval(() => void forget(), forgetMs).unref();

  function isOutOfReach(): boolean {
    const time = performance.now();
    const hangs = askedAt !== undefined && time - askedAt > answerWithinMs;
    return hangs || (restsUntil !== undefined && time < restsUntil);
  }

  function wait(key: string, limit: RateLimit): Promise<Taken> {
    return new Promise((resolve) => {
      // A reply that came while this process was busy is read before time is called.
      const late = setTimeout(() => setImmediate(giveUp), answerWithinMs);
      const call: Call = {
        key,
        limit,
        answer(taken) {
          clearTimeout(late);
          resolve(taken ?? instead(key, limit));
        },
      };
      function giveUp(): void {
        if (waiting.includes(call) || asking.includes(call)) {
          fail(new Error(`it did not answer within ${answerWithinMs} ms`));
        }
      }
      waiting.push(call);
      if (askedAt === undefined) void ask();
    });
  }

  async function ask(): Promise<void> {
    while (waiting.length > 0) {
      const calls = nextCalls();
      asking = calls;
      askedAt = performance.now();
      try {
        const grants = await takeTokens(db, tally(calls));
        // Not those that were given up.
        if (asking === calls) share(calls, grants);
        if (restsUntil !== undefined) log.info({}, 'rate limits are counted for all servers again');
        restsUntil = undefined;
      } catch (error) {
        fail(error);
      }
      asking = [];
      askedAt = undefined;
    }
  }

  function nextCalls(): Call[] {
    const calls = waiting.slice(0, mostKeys);
    waiting = waiting.slice(mostKeys);
    return calls;
  }

  /** All who wait are answered at once, and the database is left alone for a while. */
  function fail(error: unknown): void {
    if (restsUntil === undefined && !closed) {
      log.warn({ err: error }, 'rate limits are counted by each server: the database has failed');
    }
    restsUntil = performance.now() + restMs;
    const calls = [...asking, ...waiting];
    asking = [];
    waiting = [];
    for (const call of calls) call.answer();
  }

  async function forget(): Promise<void> {
    if (forgetting) return;
    forgetting = true;
    try {
      while (!closed && (await deleteRefilled(db, forgetAtOnce)) === forgetAtOnce);
    } catch (error) {
      if (!closed)
        log.warn({ err: error }, 'unused rate limits could not be removed; trying later');
    }
    forgetting = false;
  }

  return {
    take(key, limit) {
      if (closed || waiting.length >= mostWaiting || isOutOfReach()) return instead(key, limit);
      return wait(key, limit);
    },
    close() {
      closed = true;
      clearInterval(timer);
      for (const call of [...asking, ...waiting]) call.answer();
      asking = [];
      waiting = [];
    },
  };
}

/** What calls ask for together; a limit that was changed meanwhile counts for all of a key. */
function tally(calls: Call[]) {
  const asked = new Map<string, { key: string; limit: RateLimit; tokens: number }>();
  for (const { key, limit } of calls) {
    asked.set(key, { key, limit, tokens: (asked.get(key)?.tokens ?? 0) + 1 });
  }
  return [...asked.values()];
}

/** Gives the tokens of each key to those who asked first. */
function share(calls: Call[], grants: Granted[]): void {
  const left = new Map(grants.map((grant) => [grant.key, { ...grant }]));
  for (const { key, limit, answer } of calls) {
    const grant = left.get(key);
    if (!grant) {
      answer();
      continue;
    }
    const allowed = grant.allowed > 0;
    if (allowed) grant.allowed -= 1;
    // Those who come after it have theirs in the sum already.
    const used = grant.used - grant.allowed * unitsPerToken;
    answer(describe({ used, at: grant.at }, limit, allowed));
  }
}
