import type { Caller } from '@borgos/contracts/caller';
import type { AnyEvent } from '@borgos/contracts/events';
import { AppError } from '../../errors.ts';
import type { EventFeed } from '../../events/feed.ts';
import { type Connection, closeCodes } from './connection.ts';

export type Authenticate = (
  authorization: string,
  from: { address: string; requestId: string },
) => Caller | Promise<Caller>;

/** Closes connections whose credential has ended, or allows less than they hear. */
export interface CredentialWatch {
  /** Looks at one anew; at once, where the credential is remembered. */
  check(connection: Connection): Promise<void>;
  close(): void;
}

export function watchCredentials({
  feed,
  connections,
  authenticate,
  areAllowed,
  log,
}: {
  feed: Pick<EventFeed, 'subscribe'>;
  connections: ReadonlySet<Connection>;
  authenticate: Authenticate;
  /** Whether its caller may hear all that it is subscribed to. */
  areAllowed: (connection: Connection) => boolean;
  log: { warn(fields: object, message: string): void };
}): CredentialWatch {
  const endFeed = feed.subscribe((event) => {
    const concerns = whomItConcerns(event);
    if (!concerns) return;
    // When all others have heard of it, too: who remembers credentials must have forgotten this one.
    setImmediate(() => {
      for (const connection of connections) {
        if (concerns(connection.caller)) void check(connection);
      }
    });
  });

  async function check(connection: Connection): Promise<void> {
    const { authorization, requestId, caller } = connection;
    if (authorization === null || connection.isEnding) return;
    try {
      const from = { address: caller.address, requestId };
      connection.caller = await authenticate(authorization, from);
    } catch (error) {
      if (error instanceof AppError && error.code === 'UNAUTHORIZED') {
        const reason = 'The credential has ended. Reconnect with a valid one, and since';
        connection.end(closeCodes.policyViolation, reason);
      } else {
        log.warn({ err: error, request_id: requestId }, 'a credential could not be looked at');
      }
      return;
    }
    if (areAllowed(connection)) return;
    const reason = 'The scopes of the credential no longer allow all of the subscriptions';
    connection.end(closeCodes.policyViolation, reason);
  }

  return { check, close: endFeed };
}

function whomItConcerns({ type, data }: AnyEvent): ((caller: Caller) => boolean) | undefined {
  if (type === 'token_revoked') return ({ tokenId }) => tokenId === data.id;
  if (type === 'user_updated' || type === 'user_deleted' || type === 'session_revoked') {
    return ({ user }) => user?.id === data.id;
  }
  return undefined;
}
