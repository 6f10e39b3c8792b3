import { actorOf, unknownCaller } from '../caller.ts';
import type { Db } from '../database/transaction.ts';
import { appendEvent } from '../events/append.ts';
import type { HashingTurns } from './hashing-turns.ts';
import type { LoginLimits } from './login-limits.ts';
import { makeDummyHash, verifyPassword } from './password.ts';
import { findUserByName, type UserState } from './user-store.ts';

/** Where a request comes from, and which it is. */
export interface Origin {
  address: string;
  requestId: string;
}

export type PasswordCheck = (
  given: { name: string; password: string },
  from: Origin,
) => Promise<UserState | undefined>;

/**
 * The one place where a password is compared: under the limits, and with the same work whether
 * there is such a user or not.
 * @returns what gives the user, or `undefined` for a wrong name or password, which is recorded;
 * throws AppError RATE_LIMITED for who has to wait, UNAVAILABLE when too many wait for their turn
 */
export function createPasswordCheck({
  db,
  limits,
  inTurn,
}: {
  db: Db;
  limits: LoginLimits;
  inTurn: HashingTurns;
}): PasswordCheck {
  const dummyHash = makeDummyHash();
  return async ({ name, password }, from) => {
    const keys = limits.keysOf(from.address, name);
    // Before the line, so that who has to wait takes no place in it from others.
    await limits.refuseWhoWaits(keys);
    return inTurn(async () => {
      await limits.reserve(keys);
      const user = await findUserByName(db, name);
      const isRight = await verifyPassword(password, user?.password_hash ?? dummyHash);
      if (user && isRight) {
        await limits.clear(keys);
        const { id, name, scopes, version } = user;
        return { id, name, scopes, version };
      }
      const actor = actorOf(unknownCaller(from.address), from.requestId);
      await appendEvent(db, 'login_failed', { name }, actor);
      return undefined;
    });
  };
}
