import type { EventData } from '@borgos/contracts/events';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { systemActor } from '../caller.ts';
import { type Database, openDatabase } from '../database/open.ts';
import { transaction } from '../database/transaction.ts';
import type { LiveLogs } from '../deployments/deployments.ts';
import { appendLoggedErrors } from '../events/append.ts';
import { createEventFeed, type EventFeed } from '../events/feed.ts';
import type { HttpServerOptions } from '../http/server.ts';
import { serveWebSocket, type WebSocketOptions } from '../http/websocket/websocket.ts';
import { cloneDatabase } from './cloned-database.ts';
import { startServer } from './http-server.ts';

/** Events in a database of their own, for servers of `/ws` and nothing else. */
export interface WebSocketTest {
  database: Database;
  feed: EventFeed;
  /** Logs so many errors, in turn in these groups. */
  logErrors(count: number, groups?: number[], message?: string): Promise<void>;
  /** Listens until the test ends. */
  serve(
    options?: Partial<WebSocketOptions> & { http?: Partial<HttpServerOptions> },
  ): Promise<Awaited<ReturnType<typeof startServer>> & ReturnType<typeof serveWebSocket>>;
  close(): Promise<void>;
}

export async function startWebSocketTest(): Promise<WebSocketTest> {
  const log = pino({ level: 'silent' });
  const clone = await cloneDatabase();
  const database = await openDatabase({ source: clone, log });
  const feed = await createEventFeed({ database, log });
  return {
    database,
    feed,
    async logErrors(count, groups = [1], message = 'it broke') {
      const entries = Array.from({ length: count }, (_, index) =>
        loggedError(groups[index % groups.length] ?? 1, message),
      );
      await transaction(database.db, (db) => appendLoggedErrors(db, entries, systemActor));
    },
    async serve({ http = {}, ...options } = {}) {
      const served = Promise.withResolvers<ReturnType<typeof serveWebSocket>>();
      const started = await startServer((server) => {
        const authenticate = http.authenticate ?? refuse;
        served.resolve(serveWebSocket(server, { feed, logs: noLogs, authenticate, ...options }));
      }, http);
      onTestFinished(() => started.http.close());
      return Object.assign(await served.promise, started);
    },
    async close() {
      await feed.close();
      await database.close();
      await clone.drop();
    },
  };
}

const noLogs: LiveLogs = {
  exists: async () => false,
  bounds: async () => ({ start: 0, end: 0 }),
  read: async () => ({ entries: [], offset: 0, next: 0 }),
  grown: async () => true,
};

function refuse(): never {
  throw new Error('there is no credential');
}

function loggedError(group_id: number, message: string): EventData<'error_logged'> {
  return {
    ...{ id: 1, group_id, project_id: null, deployment_id: null, title: 'x', error_type: 'Error' },
    ...{ severity: 'error', message, is_new: false, is_regression: false, is_ignored: false },
  };
}
