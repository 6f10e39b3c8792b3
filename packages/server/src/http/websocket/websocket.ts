import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { LiveLogs } from '../../deployments/deployments.ts';
import { AppError } from '../../errors.ts';
import type { EventFeed } from '../../events/feed.ts';
import type { HttpServer } from '../server.ts';
import { createAudience } from './audience.ts';
import { createBroadcast } from './broadcast.ts';
import { Connection, type ConnectionOrigin, closeCodes } from './connection.ts';
import { type Authenticate, watchCredentials } from './credentials.ts';
import { createEventPages } from './event-pages.ts';
import { acceptUpgrades, path } from './handshake.ts';
import { createHeartbeat } from './heartbeat.ts';
import { createLogTails } from './log-tails.ts';
import { createMessages } from './messages.ts';
import { createReplays } from './replay.ts';
import { createSubscriptions } from './subscriptions.ts';

export interface WebSocketOptions {
  feed: EventFeed;
  /** What deployments print. */
  logs: LiveLogs;
  /** Looks again at the credential that a connection came with. */
  authenticate: Authenticate;
  /** Shorter ones than in production, for tests. */
  limits?: Partial<typeof defaultLimits>;
}

export interface ServedWebSocket {
  /** How many are connected. */
  readonly connections: number;
  /** Ends all connections; also done when the HTTP server drains. May be called again. */
  close(): Promise<void>;
}

const defaultLimits = {
  connections: 10_000,
  /** How many bytes may wait for a client that is slow to read. */
  mostWaiting: 1024 * 1024,
  heartbeatMs: 30_000,
  /** How long `close()` gives clients to end by themselves. */
  closeMs: 1000,
};

/**
 * Serves `/ws`: tells clients the events of the channels that they subscribe to, as they happen and,
 * for who comes back, those that were missed.
 */
export function serveWebSocket(
  http: HttpServer,
  { feed, logs, authenticate, ...options }: WebSocketOptions,
): ServedWebSocket {
  const { log, server } = http;
  const limits = { ...defaultLimits, ...options.limits };
  const connections = new Set<Connection>();
  let closing: Promise<void> | undefined;
  let isClosed = false;

  const audience = createAudience();
  const broadcast = createBroadcast({
    feed,
    audience,
    onOverrun() {
      log.error({ connections: connections.size }, 'events came faster than they could be told');
      endAll(closeCodes.tryAgainLater, 'Too many events at once. Reconnect with since');
    },
  });
  const pages = createEventPages(feed, () => broadcast.seq);
  const replay = createReplays({ audience, broadcast, pages, log });
  const subscriptions = createSubscriptions({
    ...{ audience, broadcast, replay },
    tails: createLogTails({ logs, log }),
  });
  const { receive, receivePing } = createMessages({ subscriptions, broadcast, pages });
  const { areAllowed } = subscriptions;
  const credentials = watchCredentials({ feed, connections, authenticate, areAllowed, log });
  const heartbeat = createHeartbeat({
    everyMs: limits.heartbeatMs,
    onBeat: (connection) => void credentials.check(connection),
  });

  const rules = { mostWaiting: limits.mostWaiting, onEnd };

  function onEnd(connection: Connection, why: { code: number; reason: string } | null): void {
    subscriptions.leave(connection);
    heartbeat.delete(connection);
    const isOrdinary = why?.code === closeCodes.goingAway;
    log[isOrdinary ? 'debug' : 'info'](
      { request_id: connection.requestId, ...(why ?? { reason: 'it is gone' }) },
      'a WebSocket is ended',
    );
  }

  function open(ws: WebSocket, socket: Socket, origin: ConnectionOrigin): void {
    const connection = new Connection(ws, socket, origin, rules);
    connections.add(connection);
    // What became a WebSocket does not take the place of an HTTP connection.
    server.maxConnections += 1;
    heartbeat.add(connection);
    ws.on('message', (data: Buffer, isBinary) => {
      connection.isAlive = true;
      receive(connection, data, isBinary);
    });
    ws.on('ping', (data) => receivePing(connection, data));
    ws.on('pong', () => {
      connection.isAlive = true;
    });
    ws.on('error', (error: Error & { code?: string }) => {
      // `ws` closes it by itself, with the code that says what was wrong.
      log.info({ request_id: connection.requestId, reason: error.code }, 'a WebSocket failed');
    });
    ws.on('close', () => {
      connections.delete(connection);
      server.maxConnections -= 1;
      connection.stop(null);
    });
    log.debug({ request_id: connection.requestId }, 'a WebSocket is open');
  }

  function refusal(): AppError | undefined {
    if (http.draining || isClosed) return unavailable('BorgOS is stopping. Reconnect with since');
    if (connections.size < limits.connections) return undefined;
    return unavailable(
      `There are ${limits.connections} connections, which is the most: close one, or try again later`,
    );
  }

  function endAll(code: number, reason: string): void {
    for (const connection of connections) connection.end(code, reason);
  }

  async function close(): Promise<void> {
    isClosed = true;
    credentials.close();
    heartbeat.close();
    endAll(closeCodes.goingAway, 'BorgOS is stopping. Reconnect with since');
    const deadline = performance.now() + limits.closeMs;
    while (connections.size > 0 && performance.now() < deadline) await wait(5);
    for (const connection of connections) connection.cut();
    broadcast.close();
    pages.close();
  }

  acceptUpgrades({ http, ready: pages.ready, refusal, onOpen: open });
  http.fastify.get(path, () => {
    throw new AppError(
      'VALIDATION_FAILED',
      `This is for WebSocket clients: connect with new WebSocket('ws://…${path}'), then send {"type":"subscribe","channels":["projects"]}`,
    );
  });
  const closeOnce = () => {
    closing ??= close();
    return closing;
  };
  http.onDrain(closeOnce);

  return {
    get connections() {
      return connections.size;
    },
    close: closeOnce,
  };
}

function unavailable(message: string): AppError {
  return new AppError('UNAVAILABLE', message, { retryAfterSeconds: 5 });
}
