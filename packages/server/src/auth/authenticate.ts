import { createHmac, hash, randomBytes } from 'node:crypto';
import type { Caller } from '@borgos/contracts/caller';
import type { Scope } from '@borgos/contracts/endpoint';
import type { Db } from '../database/transaction.ts';
import { AppError } from '../errors.ts';
import type { AccessTokens } from './access-token.ts';
import { decodeBasic, readAuthorization } from './authorization-header.ts';
import { createFreshCache } from './fresh-cache.ts';
import type { LastUses } from './last-uses.ts';
import type { Origin, PasswordCheck } from './password-check.ts';
import { rateLimitOf } from './rate-limit-text.ts';
import { commonScopes } from './scopes.ts';
import { type FoundSession, findSession } from './session-store.ts';
import { type FoundToken, findTokenByHash } from './token-store.ts';
import { findUserState, type UserState } from './user-store.ts';

export interface Authenticator {
  authenticate(authorization: string, from: Origin): Caller | Promise<Caller>;
  /** What is remembered of these is read anew. */
  forgetUser(id: number): void;
  forgetToken(id: number): void;
}

/** The caller of an access token: what logging out ends. */
export interface SessionCaller extends Caller {
  sessionId: string;
}

export function isSessionCaller(caller: Caller): caller is SessionCaller {
  return caller.credential === 'session' && 'sessionId' in caller;
}

/** An API token with what does not change while it is remembered. */
interface KnownToken {
  id: number;
  user: Caller['user'];
  scopes: ReadonlySet<Scope>;
  rateLimit: Caller['rateLimit'];
  /** Milliseconds; infinite: never. */
  expiresAt: number;
  lastUsedAt: number;
}

/** How old what another server changed can be at most, should the event feed fail to tell. */
const freshMs = 10_000;
const basicMs = 5 * 60_000;
const lastUseMs = 60_000;

/** Tells who a request is from by its `Authorization` header, most of the time without the database. */
export function createAuthenticator({
  db,
  now,
  checkPassword,
  accessTokens,
  lastUses,
}: {
  db: Db;
  now: () => number;
  checkPassword: PasswordCheck;
  accessTokens: AccessTokens;
  lastUses: LastUses;
}): Authenticator {
  const fresh = { maxAgeMs: freshMs, maxEntries: 10_000, now };
  const tokens = createFreshCache<KnownToken>(fresh);
  const sessions = createFreshCache<FoundSession>(fresh);
  const users = createFreshCache<UserState>(fresh);
  const passwords = createFreshCache<UserState>({ maxAgeMs: basicMs, maxEntries: 1000, now });
  // So that what is in memory is worth nothing elsewhere, nor after a restart.
  const bootKey = randomBytes(32);

  function forgetUser(id: number): void {
    tokens.dropWhere(({ user }) => user?.id === id);
    sessions.dropWhere(({ user_id }) => user_id === id);
    users.dropWhere((user) => user.id === id);
    passwords.dropWhere((user) => user.id === id);
  }

  function byApiToken(token: string, { address }: Origin): Caller | Promise<Caller> {
    const key = hash('sha256', token, 'base64');
    const known = tokens.get(key, async () => {
      const row = await findTokenByHash(db, Buffer.from(key, 'base64'));
      return row && knownToken(row);
    });
    return whenKnown(known, (token) => {
      if (!token || token.expiresAt <= now()) throw refusal();
      const at = now();
      if (at - token.lastUsedAt >= lastUseMs) {
        token.lastUsedAt = at;
        lastUses.note({ id: token.id, at: new Date(at), address });
      }
      const { user, id: tokenId, scopes, rateLimit } = token;
      return { credential: 'api_token', user, tokenId, address, scopes, rateLimit };
    });
  }

  function byPassword(encoded: string, from: Origin): Caller | Promise<Caller> {
    const key = createHmac('sha256', bootKey).update(encoded).digest('base64');
    const verify = async () => {
      const given = decodeBasic(encoded);
      return given && checkPassword(given, from);
    };
    const asCaller = (user: UserState | undefined) => {
      if (!user) throw refusal();
      return callerOf('password', user, user.scopes, from);
    };
    return whenKnown(passwords.get(key, verify), (verified) => {
      if (!verified) throw refusal();
      const current = users.get(String(verified.id), () => findUserState(db, verified.id));
      return whenKnown(current, (user) => {
        if (user?.version === verified.version && user.name === verified.name) {
          return asCaller(user);
        }
        forgetUser(verified.id);
        return whenKnown(passwords.get(key, verify), asCaller);
      });
    });
  }

  async function byAccessToken(token: string, from: Origin): Promise<SessionCaller> {
    const claims = await accessTokens.verify(token);
    if (!claims) throw refusal();
    const { sessionId } = claims;
    const session = await sessions.get(sessionId, () => findSession(db, sessionId));
    const isCurrent =
      session && session.user_id === claims.userId && session.version === claims.version;
    if (!isCurrent) throw refusal();
    const user = { id: session.user_id, name: session.user_name };
    return { ...callerOf('session', user, claims.scopes, from), sessionId };
  }

  return {
    authenticate(authorization, from) {
      const given = readAuthorization(authorization);
      if (!given) throw refusal();
      if (given.kind === 'api_token') return byApiToken(given.token, from);
      if (given.kind === 'password') return byPassword(given.encoded, from);
      return byAccessToken(given.token, from);
    },
    forgetUser,
    forgetToken: (id) => tokens.dropWhere((token) => token.id === id),
  };
}

/** The same for all that is wrong with a credential, so that nothing is learned from it. */
function refusal(): AppError {
  return new AppError('UNAUTHORIZED', 'Invalid or missing authentication token');
}

function callerOf(
  credential: 'password' | 'session',
  { id, name }: { id: number; name: string },
  scopes: readonly Scope[],
  { address }: Origin,
): Caller {
  return {
    credential,
    user: { id, name },
    tokenId: null,
    address,
    scopes: new Set(scopes),
    rateLimit: null,
  };
}

function knownToken(row: FoundToken): KnownToken {
  const { id, user_id, user_name, user_scopes } = row;
  const isOwned = user_id !== null && user_name !== null && user_scopes !== null;
  return {
    id,
    user: isOwned ? { id: user_id, name: user_name } : null,
    scopes: new Set(isOwned ? commonScopes(row.scopes, user_scopes) : row.scopes),
    rateLimit: rateLimitOf(row.rate_limit),
    expiresAt: row.expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(row.expires_at),
    lastUsedAt: row.last_used_at === null ? 0 : Date.parse(row.last_used_at),
  };
}

/** Goes on at once with what is known at once: a turn of the event loop costs more than all else. */
function whenKnown<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>) {
  return value instanceof Promise ? value.then(next) : next(value);
}
