import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Channel } from '@borgos/contracts/channels';
import type { Audience } from './audience.ts';
import type { Broadcast } from './broadcast.ts';
import { type Connection, closeCodes } from './connection.ts';
import type { EventPages } from './event-pages.ts';
import { channelOf, type ToldEvent } from './told-event.ts';

/** What a client asked to be told of the past: these join what is live when it has caught up. */
export interface Replay {
  /** Without those that it has unsubscribed from since. */
  readonly keys: Set<string>;
  readonly since: number;
  /** Up to this `seq` it has told everything. */
  reached: number;
}

/** What a subscription was told while it lasted: after `from`, up to `to`. */
export interface ToldRange {
  key: string;
  from: number;
  to: number;
}

export interface ReplayOptions {
  audience: Audience;
  broadcast: Pick<Broadcast, 'seq'>;
  pages: Pick<EventPages, 'after' | 'reaches' | 'oldestSeq'>;
  log: {
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
}

/** So much may wait in a socket before the next event of the past is put there. */
const mostWaiting = 128 * 1024;
const mostRanges = 200;
const attempts = 10;
const attemptMs = 200;
/** For events that another server has told, and that have not come here yet. */
const feedPatienceMs = 10_000;
const feedLookMs = 20;

/**
 * Tells connections what they missed, each one request after the other, and then lets them hear what
 * comes. An event is told once, whichever of a connection's subscriptions it belongs to.
 * @returns adds a request to the connection's queue
 */
export function createReplays({ audience, broadcast, pages, log }: ReplayOptions) {
  async function work(connection: Connection): Promise<void> {
    connection.toldBefore = [];
    try {
      for (;;) {
        const [replay] = connection.replays;
        if (!replay || connection.isEnding) break;
        await tell(connection, replay);
        connection.replays.shift();
      }
    } catch (error) {
      log.error({ err: error, request_id: connection.requestId }, 'a replay failed');
      connection.end(closeCodes.internalError, 'Reconnect with since: nothing is lost');
    }
    connection.replays.length = 0;
    connection.toldBefore = null;
  }

  async function tell(connection: Connection, replay: Replay): Promise<void> {
    const { keys, since } = replay;
    let cursor = await placeToStart(connection, since);
    // As nothing is told within a turn, nothing can come between this look and being live.
    while (cursor < broadcast.seq && keys.size > 0 && !connection.isEnding) {
      const page = await persistently(connection, () => pages.after(cursor, channelsOf(keys)));
      if (!page) return;
      if (page.oldestSeq > cursor + 1) {
        connection.say('gap', { since: cursor, oldest_seq: page.oldestSeq });
        cursor = page.oldestSeq - 1;
        continue;
      }
      for (const event of page.events) {
        if (!belongsTo(keys, event) || isTold(connection, event)) continue;
        connection.write(event.frame());
        replay.reached = event.seq;
        if (connection.socket.writableLength > mostWaiting) await drained(connection.socket);
        if (connection.isEnding) return;
      }
      cursor = page.end;
    }
    if (!connection.isEnding) goLive(connection, keys, Math.min(since, cursor));
  }

  /** `since`; or the newest event there is, if `since` is of no event that this database has. */
  async function placeToStart(connection: Connection, since: number): Promise<number> {
    if (since <= broadcast.seq) return since;
    const deadline = performance.now() + feedPatienceMs;
    const isKnown = await persistently(connection, () => pages.reaches(since));
    while (isKnown && performance.now() < deadline && !connection.isEnding) {
      if (since <= broadcast.seq) return since;
      await wait(feedLookMs);
    }
    connection.say('gap', { since, oldest_seq: pages.oldestSeq() });
    return broadcast.seq;
  }

  function goLive(connection: Connection, keys: ReadonlySet<string>, from: number): void {
    for (const key of keys) {
      const already = connection.live.get(key);
      connection.live.set(key, Math.min(from, already ?? from));
      audience.add(key, connection);
    }
  }

  /** @returns `undefined` when the connection has ended meanwhile, or has been ended for it */
  async function persistently<T>(
    connection: Connection,
    read: () => Promise<T>,
  ): Promise<T | undefined> {
    for (let attempt = 1; attempt <= attempts && !connection.isEnding; attempt += 1) {
      try {
        return await read();
      } catch (error) {
        const fields = { err: error, request_id: connection.requestId, attempt };
        log.warn(fields, 'events of the past could not be read; trying again');
        await wait(attempt * attemptMs);
      }
    }
    connection.end(closeCodes.tryAgainLater, 'Events cannot be read now. Reconnect with since');
    return undefined;
  }

  return (connection: Connection, keys: Set<string>, since: number): void => {
    connection.replays.push({ keys, since, reached: since });
    if (connection.replays.length === 1) void work(connection);
  };
}

/** Keeps what a subscription was told, so that a replay does not tell it again. */
export function noteTold(connection: Connection, range: ToldRange): void {
  connection.toldBefore?.push(range);
  if ((connection.toldBefore?.length ?? 0) > mostRanges) connection.toldBefore?.shift();
}

function channelsOf(keys: ReadonlySet<string>): Set<Channel> {
  return new Set([...keys].map(channelOf));
}

function belongsTo(keys: ReadonlySet<string>, { channel, object }: ToldEvent): boolean {
  return keys.has(channel) || (object !== null && keys.has(object));
}

function isTold({ live, toldBefore }: Connection, event: ToldEvent): boolean {
  const { channel, object, seq } = event;
  if (isAfter(live.get(channel), seq) || (object && isAfter(live.get(object), seq))) return true;
  return (toldBefore ?? []).some(
    ({ key, from, to }) => (key === channel || key === object) && from < seq && seq <= to,
  );
}

function isAfter(from: number | undefined, seq: number): boolean {
  return from !== undefined && from < seq;
}

/** When the socket has given on all that waits, or is closed: by the client, the heartbeat or us. */
function drained(socket: Socket): Promise<void> {
  if (socket.destroyed || !socket.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}
