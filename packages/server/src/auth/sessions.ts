import type { api } from '@borgos/contracts';
import type { Session } from '@borgos/contracts/auth';
import type { Actor, Caller } from '@borgos/contracts/caller';
import type { ParsedInput, Scope } from '@borgos/contracts/endpoint';
import { actorOf, unknownCaller } from '../caller.ts';
import { type Db, transaction } from '../database/transaction.ts';
import { AppError } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import { type AccessTokenClaims, type AccessTokens, accessTokenSeconds } from './access-token.ts';
import { isSessionCaller } from './authenticate.ts';
import type { Origin, PasswordCheck } from './password-check.ts';
import { hashToken, makeRandomToken } from './random-token.ts';
import { refuseMoreThan } from './scopes.ts';
import * as store from './session-store.ts';
import { recordLogin, type UserState } from './user-store.ts';

type Endpoints = (typeof api)['auth'];

export interface Sessions {
  /**
   * With name and password, or with a refresh token, which works once: presented again, it ends its
   * session, as one of the two who had it stole it. That holds for two honest requests at the same
   * moment too, since nobody can tell them from a thief (RFC 9700, section 4.14.2).
   * @throws AppError UNAUTHORIZED, SCOPE_MISSING, RATE_LIMITED, UNAVAILABLE
   */
  open(input: ParsedInput<Endpoints['token']>, from: Origin): Promise<Session>;
  /**
   * Ends the session of the refresh token, or else that of the caller's access token; one that has
   * ended already is no error.
   * @throws AppError UNAUTHORIZED without any of them
   */
  logout(input: ParsedInput<Endpoints['logout']>, caller: Caller, actor: Actor): Promise<void>;
}

/** What a refresh token came to: nothing, the end of its user’s session, or the next access token. */
type Renewal = undefined | { revoked: number } | AccessTokenClaims;

const refreshMs = 30 * 86_400_000;

/** Who is logged in: a session is a row, and its access tokens are good only as long as it is. */
export function createSessions({
  db,
  now,
  checkPassword,
  accessTokens,
  forgetUser,
}: {
  db: Db;
  now: () => number;
  checkPassword: PasswordCheck;
  accessTokens: AccessTokens;
  forgetUser: (id: number) => void;
}): Sessions {
  async function answer(
    claims: AccessTokenClaims,
    refreshToken: string,
    expiresAt: Date,
  ): Promise<Session> {
    return {
      access_token: await accessTokens.make(claims),
      token_type: 'Bearer',
      expires_in: accessTokenSeconds,
      refresh_token: refreshToken,
      refresh_expires_at: expiresAt.toISOString(),
      scopes: claims.scopes,
    };
  }

  async function login(user: UserState, wanted: Scope[] | undefined, from: Origin) {
    const scopes = wanted ?? user.scopes;
    refuseMoreThan(user.scopes, scopes, `The user ${user.name}`);
    const refreshToken = makeRandomToken('borgr_');
    const expiresAt = new Date(now() + refreshMs);
    const sessionId = await transaction(db, async (db) => {
      // The password may have been changed since it was compared.
      if (!(await recordLogin(db, user, new Date(now())))) throw wrongLogin();
      const id = await store.insertSession(db, {
        user_id: user.id,
        scopes,
        expires_at: expiresAt,
      });
      await store.insertRefreshToken(db, id, hashToken(refreshToken));
      const { address, requestId } = from;
      const actor = actorOf({ ...unknownCaller(address), credential: 'password', user }, requestId);
      await appendEvent(db, 'login_succeeded', { id: user.id, name: user.name }, actor);
      return id;
    });
    const { id: userId, version } = user;
    return answer({ sessionId, userId, version, scopes }, refreshToken, expiresAt);
  }

  async function refresh(token: string, wanted: Scope[] | undefined, from: Origin) {
    const hash = hashToken(token);
    const next = makeRandomToken('borgr_');
    const at = new Date(now());
    const expiresAt = new Date(now() + refreshMs);
    const session = await transaction(db, async (db): Promise<Renewal> => {
      const found = await store.lockRefreshToken(db, hash);
      if (!found || found.revoked_at !== null || Date.parse(found.expires_at) <= now()) return;
      const { session_id: sessionId, user_id: userId, version } = found;
      if (found.used_at !== null) {
        await store.revokeSession(db, sessionId, at);
        const actor = actorOf(unknownCaller(from.address), from.requestId);
        const user = { id: userId, name: found.user_name };
        await appendEvent(db, 'session_revoked', { ...user, reason: 'reuse' }, actor);
        return { revoked: userId };
      }
      const scopes = wanted ?? found.scopes;
      refuseMoreThan(found.scopes, scopes, 'The session');
      await store.useRefreshToken(db, { hash, sessionId, at, expiresAt });
      await store.insertRefreshToken(db, sessionId, hashToken(next));
      return { sessionId, userId, version, scopes };
    });
    // Only now, as to throw would have undone the end of the session.
    if (session && 'revoked' in session) forgetUser(session.revoked);
    if (!session || 'revoked' in session) {
      throw new AppError(
        'UNAUTHORIZED',
        'The refresh token is invalid, has expired or was used before. Log in again',
      );
    }
    return answer(session, next, expiresAt);
  }

  return {
    async open({ username = '', password = '', refresh_token, scopes }, from) {
      if (refresh_token !== undefined) return refresh(refresh_token, scopes, from);
      const user = await checkPassword({ name: username, password }, from);
      if (!user) throw wrongLogin();
      return login(user, scopes, from);
    },

    async logout({ refresh_token }, caller, actor) {
      if (refresh_token === undefined && !isSessionCaller(caller)) {
        throw new AppError(
          'UNAUTHORIZED',
          'To log out takes the access token of the session, or its refresh_token in the body',
        );
      }
      const user = await transaction(db, async (db) => {
        const session =
          refresh_token === undefined
            ? isSessionCaller(caller) && (await store.findSession(db, caller.sessionId))
            : await store.lockRefreshToken(db, hashToken(refresh_token));
        if (!session) return;
        if (!(await store.revokeSession(db, session.session_id, new Date(now())))) return;
        const user = { id: session.user_id, name: session.user_name };
        await appendEvent(db, 'session_revoked', { ...user, reason: 'logout' }, actor);
        return user;
      });
      if (user) forgetUser(user.id);
    },
  };
}

/** The same for a wrong name as for a wrong password. */
export function wrongLogin(): AppError {
  return new AppError('UNAUTHORIZED', 'Wrong user name or password');
}
