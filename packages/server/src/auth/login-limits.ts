import { type Db, transaction } from '../database/transaction.ts';
import { AppError } from '../errors.ts';
import * as store from './login-failure-store.ts';

/** Whose failures count: the first in the order in which rows are locked. */
export interface LoginKeys {
  address: string;
  /** `undefined`: what is tried belongs to no user. */
  user?: string;
}

export interface LoginLimits {
  keysOf(address: string, name?: string): LoginKeys;
  /** @throws AppError RATE_LIMITED for who has to wait */
  refuseWhoWaits(keys: LoginKeys): Promise<void>;
  /**
   * Counts a failure before it is one, as many that are tried at the same moment would all pass
   * otherwise; `clear` after a success.
   * @throws AppError RATE_LIMITED for who has to wait
   */
  reserve(keys: LoginKeys): Promise<void>;
  clear(keys: LoginKeys): Promise<void>;
  /** Lets a user try at once, from wherever. */
  clearUser(name: string): Promise<void>;
  /** Deletes what counts no more, a bounded number. */
  forgetOld(): Promise<void>;
}

/** Seconds to wait after each failure: five are free of it before the sixth try, then it doubles. */
const free = [0, 0, 0, 0];
/** Short, as anybody can make a user wait by guessing. */
const userWaits = [...free, 1, 2, 4, 8, 16, 32, 60];
const addressWaits = [...free, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900];

const memoryMs = 86_400_000;
const mostForgotten = 10_000;

/**
 * Makes who guesses passwords wait, by user name and by address.
 * @param networkOf whose addresses count as one
 */
export function createLoginLimits({
  db,
  now,
  networkOf,
}: {
  db: Db;
  now: () => number;
  networkOf: (address: string) => string;
}): LoginLimits {
  async function refuseWhoWaits(keys: LoginKeys): Promise<void> {
    const until = await store.findBlockedUntil(db, Object.values(keys), new Date(now()));
    if (until !== undefined) throw mustWait(Date.parse(until) - now());
  }

  return {
    keysOf: (address, name) => ({
      address: `address:${networkOf(address)}`,
      ...(name !== undefined && { user: userKey(name) }),
    }),

    refuseWhoWaits,

    async reserve(keys) {
      const moment = { now: new Date(now()), since: new Date(now() - memoryMs) };
      const isAllowed = await transaction(db, async (db) => {
        // Always in this order, lest two wait for each other.
        const tries = [{ key: keys.address, waits: addressWaits }];
        if (keys.user !== undefined) tries.push({ key: keys.user, waits: userWaits });
        for (const one of tries) {
          if (!(await store.reserveTry(db, { ...one, ...moment }))) throw new Refused();
        }
      }).then(
        () => true,
        (error) => {
          if (error instanceof Refused) return false;
          throw error;
        },
      );
      if (isAllowed) return;
      await refuseWhoWaits(keys);
      // The wait ended just now.
      throw mustWait(0);
    },

    clear: (keys) => store.deleteFailures(db, Object.values(keys)),
    clearUser: (name) => store.deleteFailures(db, [userKey(name)]),

    forgetOld: () => store.deleteOldFailures(db, new Date(now() - memoryMs), mostForgotten),
  };
}

function userKey(name: string): string {
  return `user:${name}`;
}

/** Rolls back what was counted under the other key. */
class Refused extends Error {
  override name = 'Refused';
}

function mustWait(ms: number): AppError {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  const unit = seconds === 1 ? 'second' : 'seconds';
  return new AppError('RATE_LIMITED', `Too many failed logins. Try again in ${seconds} ${unit}`, {
    retryAfterSeconds: seconds,
  });
}
