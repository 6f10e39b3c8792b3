import {
  createServer,
  type IncomingMessage,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { forwardRequest } from './forward-request.ts';
import { forwardUpgrade } from './forward-upgrade.ts';
import { limits } from './limits.ts';
import type { ChooseCertificate } from './secure-server.ts';
import type { Site, Visit } from './site.ts';

/** A bound port that visitors connect to. */
export interface VisitorPort {
  readonly host: string;
  readonly port: number;
  /** How many visitors are connected, also by what was upgraded. */
  connections(): Promise<number>;
  /** Frees the port at once and closes idle connections; the others end with their answer. */
  stop(): void;
}

/** An answer of the proxy's own. `closing`: it has to end the connection. */
export type OwnAnswer = (
  request: IncomingMessage,
  response: ServerResponse,
  closing: boolean,
) => void;

/** Says of each request where it goes. */
export type Receive = (request: IncomingMessage) => Site | OwnAnswer;

/**
 * Rejects with the system's error (`EADDRINUSE`, …) when it cannot be bound. With `secure` visitors
 * speak TLS.
 */
export async function openVisitorPort(
  host: string,
  port: number,
  receive: Receive,
  secure?: ChooseCertificate,
): Promise<VisitorPort> {
  let closing = false;
  const visitOf = (site: Site): Visit => ({ site, isClosing: () => closing });
  const options: ServerOptions = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    // Bodies take as long as they take: a stalled one is ended by `forwardRequest`.
    requestTimeout: 0,
    connectionsCheckingInterval: 5_000,
    keepAliveTimeout: limits.visitorIdleMs,
    keepAlive: true,
    keepAliveInitialDelay: limits.tcpKeepAliveMs,
    noDelay: true,
    insecureHTTPParser: false,
    optimizeEmptyRequests: true,
    // What the proxy answers itself it answers as if no upgrade had been asked for.
    shouldUpgradeCallback: (request) =>
      isUpgradable(request) && typeof receive(request) !== 'function',
  };
  const server = secure
    ? (await import('./secure-server.ts')).createSecureServer(options, secure)
    : createServer(options);
  // Headers are bounded by their size: how many there may be is for the target to say.
  server.maxHeadersCount = 0;
  server.maxConnections = limits.connectionsPerPort;
  const inTurn = createTurns();

  const handle = (request: IncomingMessage, response: ServerResponse) => {
    response.once('close', () => {
      if (closing) request.socket.destroySoon();
    });
    inTurn(request.socket, response, () => {
      const to = receive(request);
      if (typeof to === 'function') to(request, response, closing);
      else forwardRequest(request, response, visitOf(to));
    });
  };
  server.on('request', handle);
  // Without a listener Node itself would say "continue" before the target was asked.
  server.on('checkContinue', handle);
  const upgrade = (request: IncomingMessage, _socket: unknown, early: Buffer) => {
    const to = receive(request);
    if (typeof to === 'function' || inTurn.isBusy(request.socket)) request.socket.destroy();
    else forwardUpgrade(request, early, visitOf(to));
  };
  server.on('upgrade', upgrade);
  // Refused there, with an answer; without a listener Node would just close the connection.
  server.on('connect', upgrade);

  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port, exclusive: true }, resolve);
  await promise;
  server.removeListener('error', reject);
  // A failing accept (out of descriptors) loses that connection, not the port.
  server.on('error', () => {});
  return {
    host,
    port,
    connections() {
      const { promise, resolve } = Promise.withResolvers<number>();
      server.getConnections((error, count) => resolve(error ? 0 : count));
      return promise;
    },
    stop() {
      closing = true;
      server.close();
      server.closeIdleConnections();
    },
  };
}

/**
 * Who asks for an upgrade may be answered as if it had not (RFC 9110, 7.8). HTTP/2 in clear would
 * be a tunnel to the target, past all that is done with headers here; and a body before an upgrade
 * could be taken for what comes after it.
 */
function isUpgradable({ headers }: IncomingMessage): boolean {
  if (/(^|,)\s*h2c\s*(,|$)/i.test(headers.upgrade ?? '')) return false;
  return headers['transfer-encoding'] === undefined && !Number(headers['content-length'] ?? 0);
}

/**
 * Pipelined requests of one connection go to the target one after the other, as they may depend on
 * each other, and so that a visitor cannot open more connections to a target than to the proxy.
 */
function createTurns() {
  const connections = new WeakMap<Socket, { last: ServerResponse; waiting: number }>();

  function inTurn(socket: Socket, response: ServerResponse, run: () => void): void {
    // Nothing that comes behind the last request of a connection is one (RFC 9112, 9.6).
    if (!socket.writable) return;
    const connection = connections.get(socket);
    if (!connection) {
      connections.set(socket, { last: response, waiting: 0 });
      run();
      return;
    }
    const before = connection.last;
    connection.last = response;
    if (before.closed) {
      run();
      return;
    }
    connection.waiting += 1;
    if (connection.waiting > limits.pipelined) {
      socket.destroy();
      return;
    }
    before.once('close', () => {
      connection.waiting -= 1;
      if (socket.writable) run();
    });
  }

  inTurn.isBusy = (socket: Socket) => connections.get(socket)?.last.closed === false;
  return inTurn;
}
