import { timingSafeEqual } from 'node:crypto';
import type { api } from '@borgos/contracts';
import { password as passwordSchema, type User, userName } from '@borgos/contracts/auth';
import type { Actor } from '@borgos/contracts/caller';
import { type ParsedInput, scopes } from '@borgos/contracts/endpoint';
import type { z } from 'zod';
import { actorOf, systemActor, unknownCaller } from '../caller.ts';
import { type Db, transaction } from '../database/transaction.ts';
import { AppError } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import type { HashingTurns } from './hashing-turns.ts';
import * as store from './installation-store.ts';
import type { LoginLimits } from './login-limits.ts';
import { hashPassword } from './password.ts';
import type { Origin } from './password-check.ts';
import { hashToken, makeRandomToken } from './random-token.ts';
import { findUserByName, hasAdministrator } from './user-store.ts';
import { addUser, changeUser } from './users.ts';

export interface Setup {
  /** Whether there is a user who has admin:write. */
  hasAdministrator(): Promise<boolean>;
  /**
   * Makes the user `admin` with every scope, unless there is an administrator already. Returns
   * whether it did.
   * @throws AppError VALIDATION_FAILED, USER_EXISTS
   */
  makeFirstAdministrator(password: string): Promise<boolean>;
  /**
   * For who has the machine but no password: gives the user another one, or makes an administrator
   * of that name.
   * @throws AppError VALIDATION_FAILED
   */
  resetPassword(name: string, password: string): Promise<'created' | 'reset'>;
  /** The token that `setup` takes, this once; `null`: made before, or there is an administrator. */
  makeSetupToken(): Promise<string | null>;
  /**
   * Makes the first administrator; the setup token goes with it.
   * @throws AppError UNAUTHORIZED, ALREADY_SET_UP, RATE_LIMITED, UNAVAILABLE
   */
  setup(
    input: ParsedInput<(typeof api)['auth']['setup']>,
    from: Origin,
    actor: Actor,
  ): Promise<User>;
}

const firstName = 'admin';

/** How BorgOS gets its first administrator: of several attempts at the same moment one succeeds. */
export function createSetup({
  db,
  now,
  limits,
  inTurn,
  forgetUser,
}: {
  db: Db;
  now: () => number;
  limits: LoginLimits;
  inTurn: HashingTurns;
  forgetUser: (id: number) => void;
}): Setup {
  async function addAdministrator(
    db: Db,
    { name, password_hash }: { name: string; password_hash: string },
    actor: Actor,
  ): Promise<User> {
    await store.updateSetupTokenHash(db, null);
    return addUser(db, { name, password_hash, scopes: [...scopes].sort() }, actor);
  }

  async function refuseWrongToken(token: string, name: string, from: Origin): Promise<void> {
    const keys = limits.keysOf(from.address);
    await limits.reserve(keys);
    if (isSame(await store.findSetupTokenHash(db), token)) return limits.clear(keys);
    const actor = actorOf(unknownCaller(from.address), from.requestId);
    await appendEvent(db, 'login_failed', { name }, actor);
    throw wrongToken();
  }

  return {
    hasAdministrator: () => hasAdministrator(db),

    async makeFirstAdministrator(password) {
      requireValid(passwordSchema, 'password', password);
      if (await hasAdministrator(db)) return false;
      const password_hash = await inTurn(() => hashPassword(password));
      return transaction(db, async (db) => {
        await store.lockSetup(db);
        if (await hasAdministrator(db)) return false;
        await addAdministrator(db, { name: firstName, password_hash }, systemActor);
        return true;
      });
    },

    async resetPassword(givenName, password) {
      const name = requireValid(userName, 'name', givenName);
      requireValid(passwordSchema, 'password', password);
      const password_hash = await inTurn(() => hashPassword(password));
      const known = await transaction(db, async (db) => {
        await store.lockSetup(db);
        const user = await findUserByName(db, name);
        if (user) {
          const at = new Date(now());
          await changeUser(db, user.id, { password_hash }, { at, actor: systemActor });
        } else {
          await addAdministrator(db, { name, password_hash }, systemActor);
        }
        return user;
      });
      await limits.clearUser(name);
      if (!known) return 'created';
      forgetUser(known.id);
      return 'reset';
    },

    async makeSetupToken() {
      const token = makeRandomToken('borgs_');
      return transaction(db, async (db) => {
        const made = await store.lockSetup(db);
        if (made !== null || (await hasAdministrator(db))) return null;
        await store.updateSetupTokenHash(db, hashToken(token));
        return token;
      });
    },

    async setup({ setup_token, username, password }, from, actor) {
      if (await hasAdministrator(db)) throw alreadySetUp();
      await refuseWrongToken(setup_token, username, from);
      const password_hash = await inTurn(() => hashPassword(password));
      return transaction(db, async (db) => {
        const expected = await store.lockSetup(db);
        if (await hasAdministrator(db)) throw alreadySetUp();
        if (!isSame(expected, setup_token)) throw wrongToken();
        return addAdministrator(db, { name: username, password_hash }, actor);
      });
    },
  };
}

function isSame(expected: Buffer | null, token: string): boolean {
  return expected !== null && timingSafeEqual(expected, hashToken(token));
}

function wrongToken(): AppError {
  return new AppError(
    'UNAUTHORIZED',
    'The setup token is wrong. BorgOS prints it once, when it first starts with BORGOS_AUTH=required',
  );
}

function alreadySetUp(): AppError {
  return new AppError('ALREADY_SET_UP', 'There is an administrator already, who can add users');
}

/** What comes from a setting or a command line, which no contract has checked; never quoted. */
function requireValid<T>(schema: z.ZodType<T>, path: string, value: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const message = result.error.issues.map((issue) => issue.message).join('; ');
  throw new AppError('VALIDATION_FAILED', `${path} ${message}`, { details: [{ path, message }] });
}
