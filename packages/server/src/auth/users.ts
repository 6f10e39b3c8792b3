import type { api } from '@borgos/contracts';
import type { User } from '@borgos/contracts/auth';
import type { Actor, Caller } from '@borgos/contracts/caller';
import type { EndpointInput, ListResult, ParsedInput } from '@borgos/contracts/endpoint';
import { actorOf, unknownCaller } from '../caller.ts';
import { type Db, transaction } from '../database/transaction.ts';
import { AppError, notFound } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import type { HashingTurns } from './hashing-turns.ts';
import { hashPassword } from './password.ts';
import type { Origin, PasswordCheck } from './password-check.ts';
import { refuseMoreThan } from './scopes.ts';
import { revokeSessionsOf } from './session-store.ts';
import { wrongLogin } from './sessions.ts';
import * as store from './user-store.ts';

type Endpoints = (typeof api)['users'];

export interface Users {
  list(query: ParsedInput<Endpoints['list']>): Promise<ListResult<User>>;
  get(id: number): Promise<User>;
  /** @throws AppError USER_EXISTS, SCOPE_MISSING */
  create(fields: ParsedInput<Endpoints['create']>, caller: Caller, actor: Actor): Promise<User>;
  /**
   * Another password or other scopes end all sessions of the user.
   * @throws AppError NOT_FOUND, USER_EXISTS, SCOPE_MISSING, LAST_ADMINISTRATOR
   */
  update(
    id: number,
    fields: Omit<EndpointInput<Endpoints['update']>, 'id'>,
    caller: Caller,
    actor: Actor,
  ): Promise<User>;
  /** @throws AppError NOT_FOUND, LAST_ADMINISTRATOR */
  delete(id: number, actor: Actor): Promise<void>;
  /** @throws AppError UNAUTHORIZED, RATE_LIMITED, UNAVAILABLE */
  changePassword(
    input: ParsedInput<(typeof api)['auth']['changePassword']>,
    from: Origin,
  ): Promise<void>;
}

export function createUsers({
  db,
  now,
  inTurn,
  checkPassword,
  forgetUser,
}: {
  db: Db;
  now: () => number;
  inTurn: HashingTurns;
  checkPassword: PasswordCheck;
  forgetUser: (id: number) => void;
}): Users {
  return {
    list: ({ limit, offset = 0 }) => store.listUsers(db, { limit, offset }),

    async get(id) {
      const user = await store.findUser(db, id);
      if (!user) throw notFound('User', id);
      return user;
    },

    async create({ password, ...fields }, caller, actor) {
      refuseMoreThan(caller.scopes, fields.scopes, 'The caller');
      const password_hash = await inTurn(() => hashPassword(password));
      return transaction(db, (db) => addUser(db, { ...fields, password_hash }, actor));
    },

    async update(id, { password, ...fields }, caller, actor) {
      const password_hash = password && (await inTurn(() => hashPassword(password)));
      const user = await transaction(db, async (db) => {
        if (fields.scopes && !fields.scopes.includes('admin:write')) {
          await refuseLastAdministrator(db, id);
        }
        const current = await store.lockUser(db, id);
        if (!current) throw notFound('User', id);
        if (password_hash || fields.scopes) {
          // Also for a new password: with it, the caller could log in as that user.
          refuseMoreThan(caller.scopes, fields.scopes ?? current.scopes, 'The caller');
        }
        const changes = { ...fields, ...(password_hash && { password_hash }) };
        return changeUser(db, id, changes, { at: new Date(now()), actor });
      });
      forgetUser(id);
      return user;
    },

    async delete(id, actor) {
      await transaction(db, async (db) => {
        await refuseLastAdministrator(db, id);
        const deleted = await store.deleteUser(db, id);
        if (!deleted) throw notFound('User', id);
        await appendEvent(db, 'user_deleted', { id, name: deleted.name }, actor);
      });
      forgetUser(id);
    },

    async changePassword({ username, password, new_password }, from) {
      const user = await checkPassword({ name: username, password }, from);
      if (!user) throw wrongLogin();
      const password_hash = await inTurn(() => hashPassword(new_password));
      const { address, requestId } = from;
      const actor = actorOf({ ...unknownCaller(address), credential: 'password', user }, requestId);
      await transaction(db, async (db) => {
        const current = await store.lockUser(db, user.id);
        // Another one changed it meanwhile.
        if (current?.version !== user.version) throw wrongLogin();
        await changeUser(db, user.id, { password_hash }, { at: new Date(now()), actor });
      });
      forgetUser(user.id);
    },
  };
}

/** Adds a user and tells it; part of the caller's transaction. */
export async function addUser(
  db: Db,
  fields: Parameters<typeof store.insertUser>[1],
  actor: Actor,
): Promise<User> {
  const user = await store.insertUser(db, fields);
  const { id, name, scopes } = user;
  await appendEvent(db, 'user_created', { id, name, scopes }, actor);
  return user;
}

/** Changes a user, ends the sessions if need be, and tells it; part of the caller's transaction. */
export async function changeUser(
  db: Db,
  id: number,
  changes: Parameters<typeof store.updateUser>[2],
  { at, actor }: { at: Date; actor: Actor },
): Promise<User> {
  const { password_hash, scopes } = changes;
  const endsSessions = password_hash !== undefined || scopes !== undefined;
  const user = await store.updateUser(db, id, changes, { endsSessions });
  if (!user) throw notFound('User', id);
  const { name } = user;
  const changed = Object.keys(changes).map((key) => (key === 'password_hash' ? 'password' : key));
  if (endsSessions && (await revokeSessionsOf(db, id, at)) > 0) {
    const reason = password_hash === undefined ? 'scopes_changed' : 'password_changed';
    await appendEvent(db, 'session_revoked', { id, name, reason }, actor);
  }
  await appendEvent(db, 'user_updated', { id, name, changed }, actor);
  return user;
}

async function refuseLastAdministrator(db: Db, id: number): Promise<void> {
  const administrators = await store.lockAdministrators(db);
  if (administrators.length > 1 || !administrators.includes(id)) return;
  throw new AppError(
    'LAST_ADMINISTRATOR',
    `User ${id} is the last one who has admin:write. Give it to another user first`,
  );
}
