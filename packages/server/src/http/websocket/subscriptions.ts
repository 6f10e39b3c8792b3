import { channelScope, logOf, mostSubscriptions } from '@borgos/contracts/channels';
import { authorize } from '../../caller.ts';
import { AppError } from '../../errors.ts';
import type { Audience } from './audience.ts';
import type { Broadcast } from './broadcast.ts';
import type { Connection } from './connection.ts';
import type { LogTails } from './log-tails.ts';
import { type createReplays, noteTold } from './replay.ts';
import { channelOf } from './told-event.ts';

/** What connections are subscribed to. */
export interface Subscriptions {
  /**
   * All of these keys, or none.
   * @param from.since tells first what came after this `seq`, but nothing within this turn
   * @param from.offset tells the logs from there
   * @throws AppError SCOPE_MISSING, VALIDATION_FAILED, RATE_LIMITED
   */
  subscribe(
    connection: Connection,
    keys: ReadonlySet<string>,
    from: { since?: number | undefined; offset?: number | undefined },
  ): void;
  /** Also from what is not caught up with yet. */
  unsubscribe(connection: Connection, keys: Iterable<string>): void;
  /** All keys, also those that are still being caught up with. */
  of(connection: Connection): Set<string>;
  /** Whether the caller may still hear all that it is subscribed to. */
  areAllowed(connection: Connection): boolean;
  /** Ends all of them. */
  leave(connection: Connection): void;
}

/** Each may be long, and one is told at a time. */
const mostReplays = 5;

export function createSubscriptions({
  audience,
  broadcast,
  replay,
  tails,
}: {
  audience: Audience;
  broadcast: Pick<Broadcast, 'seq'>;
  replay: ReturnType<typeof createReplays>;
  tails: LogTails;
}): Subscriptions {
  function of({ live, logs, replays }: Connection): Set<string> {
    return new Set([...live.keys(), ...logs.keys(), ...replays.flatMap(({ keys }) => [...keys])]);
  }

  function refuse(connection: Connection, keys: ReadonlySet<string>, isReplay: boolean): void {
    for (const key of keys) authorize(connection.caller, channelScope[channelOf(key)]);
    const count = of(connection).size;
    const total = of(connection).union(keys).size;
    if (total > mostSubscriptions) {
      throw new AppError(
        'VALIDATION_FAILED',
        `A connection may have ${mostSubscriptions} subscriptions and has ${count}: unsubscribe from some, or subscribe to a whole channel`,
      );
    }
    if (isReplay && connection.replays.length >= mostReplays) {
      throw new AppError(
        'RATE_LIMITED',
        `${mostReplays} requests with since are still being answered: send one for all channels, or wait`,
      );
    }
  }

  return {
    of,
    subscribe(connection, all, { since, offset }) {
      const keys = new Set([...all].filter((key) => logOf(key) === undefined));
      const isReplay = since !== undefined && keys.size > 0;
      refuse(connection, all, isReplay);
      tails.subscribe(connection, all.difference(keys), offset);
      if (isReplay) {
        replay(connection, keys, since);
        return;
      }
      const known = of(connection);
      for (const key of keys) {
        if (known.has(key)) continue;
        connection.live.set(key, broadcast.seq);
        audience.add(key, connection);
      }
    },
    unsubscribe(connection, keys) {
      tails.unsubscribe(connection, keys);
      for (const key of keys) {
        const from = connection.live.get(key);
        if (from !== undefined) noteTold(connection, { key, from, to: broadcast.seq });
        connection.live.delete(key);
        audience.remove(key, connection);
        for (const { keys, since, reached } of connection.replays) {
          if (keys.delete(key)) noteTold(connection, { key, from: since, to: reached });
        }
      }
    },
    areAllowed(connection) {
      try {
        for (const key of of(connection))
          authorize(connection.caller, channelScope[channelOf(key)]);
        return true;
      } catch (error) {
        if (error instanceof AppError) return false;
        throw error;
      }
    },
    leave(connection) {
      for (const key of connection.live.keys()) audience.remove(key, connection);
      connection.live.clear();
      tails.unsubscribe(connection, connection.logs.keys());
    },
  };
}
