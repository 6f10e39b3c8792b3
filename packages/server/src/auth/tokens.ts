import type { api } from '@borgos/contracts';
import type { ApiToken } from '@borgos/contracts/auth';
import type { Actor, Caller } from '@borgos/contracts/caller';
import type { ListResult, ParsedInput } from '@borgos/contracts/endpoint';
import { type Db, transaction } from '../database/transaction.ts';
import { AppError, notFound } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import { makeApiToken, prefixOfToken } from './api-token.ts';
import { hashToken } from './random-token.ts';
import { refuseMoreThan } from './scopes.ts';
import * as store from './token-store.ts';

type Endpoints = (typeof api)['tokens'];

export interface Tokens {
  list(query: ParsedInput<Endpoints['list']>): Promise<ListResult<ApiToken>>;
  get(id: number): Promise<ApiToken>;
  /**
   * The token itself is in this answer only.
   * @throws AppError SCOPE_MISSING, VALIDATION_FAILED when it would have expired already
   */
  create(
    fields: ParsedInput<Endpoints['create']>,
    caller: Caller,
    actor: Actor,
  ): Promise<ApiToken & { token: string }>;
  /** Revoked before, it stays as it is. */
  revoke(id: number, actor: Actor): Promise<ApiToken>;
  /** All that have this name and no user, as those that BorgOS makes itself. */
  revokeNamed(name: string, actor: Actor): Promise<void>;
}

export function createTokens({
  db,
  now,
  forgetToken,
}: {
  db: Db;
  now: () => number;
  forgetToken: (id: number) => void;
}): Tokens {
  async function get(id: number): Promise<ApiToken> {
    const token = await store.findToken(db, id);
    if (!token) throw notFound('Token', id);
    return token;
  }

  async function revoke(id: number, actor: Actor): Promise<ApiToken | undefined> {
    const revoked = await transaction(db, async (db) => {
      const token = await store.revokeToken(db, id, new Date(now()));
      if (token) await appendEvent(db, 'token_revoked', { id, name: token.name }, actor);
      return token;
    });
    forgetToken(id);
    return revoked;
  }

  return {
    list: ({ limit, offset = 0, active }) =>
      store.listTokens(db, { active, now: new Date(now()) }, { limit, offset }),
    get,

    async create(fields, caller, actor) {
      refuseMoreThan(caller.scopes, fields.scopes, 'The caller');
      refusePast(fields.expires_at, now());
      const token = makeApiToken();
      const made = await transaction(db, async (db) => {
        const made = await store.insertToken(db, {
          ...fields,
          hash: hashToken(token),
          prefix: prefixOfToken(token),
          user_id: caller.user?.id ?? null,
          created_by: caller.user?.name ?? null,
        });
        const { id, name, scopes, expires_at } = made;
        await appendEvent(db, 'token_created', { id, name, scopes, expires_at }, actor);
        return made;
      });
      return { ...made, token };
    },

    revoke: async (id, actor) => (await revoke(id, actor)) ?? get(id),

    async revokeNamed(name, actor) {
      for (const id of await store.listTokensNamed(db, name)) await revoke(id, actor);
    },
  };
}

function refusePast(expiresAt: string | null, now: number): void {
  if (expiresAt === null || Date.parse(expiresAt) > now) return;
  const path = 'body.expires_at';
  const message = `must be in the future; it is ${new Date(now).toISOString()} now`;
  throw new AppError('VALIDATION_FAILED', `${path} ${message}`, { details: [{ path, message }] });
}
