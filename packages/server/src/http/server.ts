import type { IncomingMessage, Server } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Caller } from '@borgos/contracts/caller';
import type { Endpoint } from '@borgos/contracts/endpoint';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Operation } from '../mcp/operations.ts';
import { type AdmissionOptions, createAdmission, type Verdict } from './admission.ts';
import { type CallWatch, watchCalls } from './call.ts';
import { answerClientError } from './client-error.ts';
import { allowReading, answerPreflight } from './cors.ts';
import { answerOf, bodyLimit } from './errors.ts';
import { pathOf } from './guard.ts';
import type { Idempotency } from './idempotency.ts';
import { parseJsonBody } from './json-body.ts';
import { createRequestIds } from './request-id.ts';
import { answerUnmatched } from './unmatched.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Known from the first hook on. */
    caller: Caller;
  }
  interface FastifyContextConfig {
    /** What a caller must be allowed to do; by default `any`. */
    scope?: Endpoint['scope'];
  }
}

export interface HttpServerOptions extends AdmissionOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  /** For every POST that carries an `Idempotency-Key`. */
  idempotency: Idempotency;
  /** Whether a request that failed so may succeed later, as the database is out of reach. */
  isPassing?: (error: unknown) => boolean;
  log: Logger;
  /** Told of each answer, for metrics. */
  onAnswer?: (answer: Answer) => void;
  /** Shorter ones than in production, for tests. */
  limits?: Partial<typeof defaultLimits>;
}

/** One answered request. */
export interface Answer {
  method: string;
  /** The route's path with its parameters as `:id`; `(none)` when no route matched. */
  route: string;
  status: number;
  milliseconds: number;
}

export interface HttpServer {
  /** For `mount` and the other files of this folder. */
  readonly fastify: FastifyInstance;
  readonly log: Logger;
  readonly idempotency: Idempotency;
  readonly calls: CallWatch;
  /** What `mount` has added, for who does the same without HTTP. */
  readonly operations: Map<Endpoint, Operation>;
  /** The bare server, for upgrades: it is asked for those to a WebSocket alone. */
  readonly server: Server;
  /** The one way in, for what is no route. */
  readonly admit: ReturnType<typeof createAdmission>['admit'];
  readonly nextRequestId: () => string;
  /** From the moment `close()` is called: readiness must fail. */
  readonly draining: boolean;
  /** Has this called when `close()` is, for connections that would not end by themselves. */
  onDrain(end: () => Promise<void>): void;
  /** @returns where it listens: `http://127.0.0.1:8081` */
  listen(): Promise<string>;
  /** Takes no new connections, lets requests in flight end, then closes. May be called again. */
  close(): Promise<void>;
}

const defaultLimits = {
  /** For the request line and headers, which a slow sender would stretch without end. */
  headersTimeoutMs: 10_000,
  /** For the whole request with its body. */
  requestTimeoutMs: 30_000,
  /** How long a connection may stay open without a request. */
  keepAliveTimeoutMs: 30_000,
  /** How long a socket may neither send nor take a byte, as when the reader is gone. */
  socketTimeoutMs: 90_000,
  /** How long `close()` waits for requests in flight. */
  drainMs: 10_000,
  /** How long `close()` gives a request that is on its way over a connection that looks idle. */
  idleGraceMs: 100,
  /** Of HTTP: those that have become a WebSocket are counted apart. */
  connections: 4096,
};

/** The HTTP server with all that holds for every route; the routes are added by `mount`. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { log } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const nextRequestId = createRequestIds();
  const calls = watchCalls();
  const drainListeners: (() => Promise<void>)[] = [];
  let draining = false;
  let closed: Promise<void> | undefined;

  const instance: FastifyInstance = fastify({
    bodyLimit,
    genReqId: nextRequestId,
    rewriteUrl: ({ url = '/' }) => pathOf(url),
    requestIdHeader: false,
    // During the drain requests are still answered, see close().
    return503OnClosing: false,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: limits.socketTimeoutMs,
    routerOptions: { maxParamLength: 1024 },
    http: {
      headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
      maxHeaderSize: 16 * 1024,
      connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs / 2),
      // The guard refuses a missing Host with a body of ours.
      requireHostHeader: false,
      // Any other one is ignored, as HTTP allows: some clients offer HTTP/2 with each request.
      shouldUpgradeCallback: (request) =>
        wantsWebSocket(request) && instance.server.listenerCount('upgrade') > 0,
    },
    frameworkErrors: (error, request, reply) => {
      // A path that can't be decoded meets no hooks, but must meet the guard.
      enter(request, reply);
      decide(request, 'any', (verdict) => {
        if (verdict.headers) reply.headers(verdict.headers);
        sendError(verdict.refusal ?? error, request, reply);
      });
    },
    clientErrorHandler: (error, socket) => answerClientError(error, socket, nextRequestId(), log),
  });
  const { admit, guard } = createAdmission(options);
  const server = instance.server;
  server.maxConnections = limits.connections;
  // An expectation that we don't know may be ignored, which is kinder than to fail.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  const sockets = trackSockets(server);

  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    (_request, body, done) => {
      try {
        done(null, parseJsonBody(body));
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  );
  // An empty body may be of any type or none; one that is not empty is refused by the guard.
  instance.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume();
    done(null, undefined);
  });

  // Always set by the hook below; the shape is fixed here, which keeps requests fast.
  instance.decorateRequest('caller', null as unknown as Caller);
  instance.addHook('onRequest', (request, reply, done) => {
    enter(request, reply);
    const isAllowedPage = allowReading(request, reply, options.allowedOrigins);
    // A browser asks beforehand without the page's credential.
    if (isAllowedPage && request.method === 'OPTIONS' && !guard(arrivalOf(request))) {
      answerPreflight(reply);
      return;
    }
    const { scope = 'any' } = request.routeOptions.config;
    decide(request, scope, ({ caller, headers, refusal }) => {
      request.caller = caller;
      if (headers) reply.headers(headers);
      done(asError(refusal));
    });
  });
  instance.addHook('onResponse', (request, reply, done) => {
    finish(request, reply);
    done();
  });
  instance.setErrorHandler(sendError);
  answerUnmatched(instance);

  function enter(request: FastifyRequest, reply: FastifyReply): void {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
    if (draining) reply.header('connection', 'close');
  }

  /** Without a turn of the event loop where nothing has to be asked. */
  function decide(
    request: FastifyRequest,
    scope: Endpoint['scope'],
    then: (verdict: Verdict) => void,
  ): void {
    const verdict = admit(arrivalOf(request), scope);
    if (verdict instanceof Promise) void verdict.then(then);
    else then(verdict);
  }

  function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const { status, body, unexpected, retryAfterSeconds } = answerOf(
      error,
      request.id,
      options.isPassing,
    );
    if (unexpected) {
      // To a caller who hung up, an aborted handler is no failure.
      const level = reply.raw.destroyed ? 'info' : 'error';
      log[level]({ request_id: request.id, err: error }, 'a request failed');
    }
    if (status === 401) reply.header('www-authenticate', challenge(request));
    if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
    reply.code(status).header('content-type', 'application/json; charset=utf-8');
    reply.send(JSON.stringify(body));
  }

  function finish(request: FastifyRequest, reply: FastifyReply): void {
    const { method } = request;
    const status = reply.statusCode;
    const route = request.routeOptions.url ?? '(none)';
    const milliseconds = reply.elapsedTime;
    options.onAnswer?.({ method, route, status, milliseconds });
    const level = status < 400 ? 'debug' : status < 500 ? 'info' : 'warn';
    if (log.isLevelEnabled(level)) {
      log[level]({ request_id: request.id, method, route, status, ms: milliseconds }, 'request');
    }
  }

  async function drain(): Promise<void> {
    // Right after the loop has accepted who was waiting: whoever waits now would be cut.
    await nextTurn();
    const sweep = setInterval(() => {
      server.closeIdleConnections();
      // Browsers open connections in advance, which the server takes for busy.
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    }, limits.idleGraceMs);
    const deadline = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, limits.drainMs);
    try {
      calls.endStreams();
      await Promise.all([stopAccepting(server), ...drainListeners.map((end) => end())]);
      await instance.close();
    } finally {
      calls.close();
      clearInterval(sweep);
      clearTimeout(deadline);
    }
  }

  return {
    fastify: instance,
    log,
    idempotency: options.idempotency,
    calls,
    operations: new Map(),
    server,
    admit,
    nextRequestId,
    get draining() {
      return draining;
    },
    onDrain: (end) => void drainListeners.push(end),
    listen: () => listen(instance, options),
    close() {
      draining = true;
      closed ??= drain();
      return closed;
    },
  };
}

function arrivalOf({ id, method, originalUrl: target, raw }: FastifyRequest) {
  const { headers, rawHeaders, socket } = raw;
  return { id, method, target, headers, rawHeaders, socket };
}

function wantsWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

function asError(thrown: unknown): Error | undefined {
  return thrown === undefined || thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** A browser asks its user for a name and a password only when a page is opened, not for a call. */
function challenge({ url, protocol, host, headers: { accept = '' } }: FastifyRequest): string {
  // Agents read there how to come in: RFC 9728.
  if (pathOf(url) === '/mcp') {
    return `Bearer resource_metadata="${protocol}://${host}/.well-known/oauth-protected-resource/mcp"`;
  }
  return accept.includes('text/html') ? 'Basic realm="BorgOS", charset="UTF-8"' : 'Bearer';
}

/** All open connections; the HTTP server forgets those that it has handed over to an upgrade. */
function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

/** @returns when the last connection is closed */
function stopAccepting(server: Server): Promise<void> {
  // The HTTP server's own close() cuts idle connections, on which a request may be arriving.
  return new Promise((resolve) => NetServer.prototype.close.call(server, () => resolve()));
}

async function listen(
  instance: FastifyInstance,
  { host, port }: { host: string; port: number },
): Promise<string> {
  try {
    return await instance.listen({ host, port, backlog: 1024 });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      throw new Error(
        `Another process listens on ${host}:${port}. Stop it, or choose another port with BORGOS_PORT`,
        { cause: error },
      );
    }
    throw error;
  }
}
