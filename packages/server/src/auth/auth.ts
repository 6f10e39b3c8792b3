import type { Caller } from '@borgos/contracts/caller';
import type { AnyEvent } from '@borgos/contracts/events';
import type { BaseLogger } from 'pino';
import type { Db } from '../database/transaction.ts';
import type { EventFeed } from '../events/feed.ts';
import { createAccessTokens } from './access-token.ts';
import { type Authenticator, createAuthenticator } from './authenticate.ts';
import { createHashingTurns } from './hashing-turns.ts';
import { createLastUses } from './last-uses.ts';
import { createLoginLimits } from './login-limits.ts';
import { createPasswordCheck, type Origin } from './password-check.ts';
import { deleteEndedSessions } from './session-store.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { createSetup, type Setup } from './setup.ts';
import { createTokens, type Tokens } from './tokens.ts';
import { createUsers, type Users } from './users.ts';

export interface Auth extends Setup {
  /**
   * Who a request is from, by its `Authorization` header; at once, without a promise, for an API
   * token or a Basic credential that was used a short while ago. Throws at once or rejects.
   * @throws AppError UNAUTHORIZED, RATE_LIMITED, UNAVAILABLE
   */
  authenticate(authorization: string, from: Origin): Caller | Promise<Caller>;
  sessions: Sessions;
  users: Users;
  tokens: Tokens;
  /** Deletes failed logins and sessions that ended long ago, a bounded number; for every hour. */
  forgetOld(): Promise<void>;
  /** Writes what is not yet written. */
  close(): Promise<void>;
}

/** Used refresh tokens are kept that long, so that their reuse is seen. */
const keepSessionsMs = 30 * 86_400_000;
const mostForgotten = 10_000;

/**
 * Who may get in, and who is who.
 * @param feed tells what other servers on the same database changed
 * @param now in milliseconds since 1970
 * @param signingKey of access tokens: 32 random bytes, the same for all servers on the database
 * @param networkOf whose addresses count as one for failed logins, such as a customer's of IPv6
 */
export function createAuth({
  db,
  log,
  feed,
  now = Date.now,
  signingKey,
  networkOf = (address) => address,
}: {
  db: Db;
  log: Pick<BaseLogger, 'warn'>;
  feed?: Pick<EventFeed, 'subscribe'>;
  now?: () => number;
  signingKey: Buffer;
  networkOf?: (address: string) => string;
}): Auth {
  const limits = createLoginLimits({ db, now, networkOf });
  const inTurn = createHashingTurns();
  const checkPassword = createPasswordCheck({ db, limits, inTurn });
  const accessTokens = createAccessTokens({ signingKey, now });
  const lastUses = createLastUses({ db, log });
  const authenticator = createAuthenticator({ db, now, checkPassword, accessTokens, lastUses });
  const { authenticate, forgetUser, forgetToken } = authenticator;
  const endFeed = feed?.subscribe((event) => forgetChanged(event, authenticator));

  return {
    authenticate,
    sessions: createSessions({ db, now, checkPassword, accessTokens, forgetUser }),
    users: createUsers({ db, now, inTurn, checkPassword, forgetUser }),
    tokens: createTokens({ db, now, forgetToken }),
    ...createSetup({ db, now, limits, inTurn, forgetUser }),
    async forgetOld() {
      await limits.forgetOld();
      await deleteEndedSessions(db, new Date(now() - keepSessionsMs), mostForgotten);
    },
    async close() {
      endFeed?.();
      await lastUses.close();
    },
  };
}

/** What another server on the same database did. */
function forgetChanged({ type, data }: AnyEvent, known: Authenticator): void {
  if (type === 'user_updated' || type === 'user_deleted' || type === 'session_revoked') {
    known.forgetUser(data.id);
  } else if (type === 'token_revoked') {
    known.forgetToken(data.id);
  }
}
