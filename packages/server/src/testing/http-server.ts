import { connect } from 'node:net';
import { defineEndpoint, type Endpoint, type Handlers } from '@borgos/contracts/endpoint';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import type { Idempotency } from '../http/idempotency.ts';
import { mount } from '../http/mount.ts';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../http/server.ts';
import type { RateLimits } from '../rate-limits/rate-limits.ts';

function refuse(): never {
  throw new AppError('UNAUTHORIZED', 'Invalid or missing authentication token');
}

/** Never asked, unless a test sets a limit. */
const unlimited: RateLimits = {
  take: () => ({ allowed: true, used: 1, resetAt: 0, retryAfter: 0 }),
  close: async () => {},
};

/** As if each key were a new one. */
const neverTwice: Idempotency = {
  once: async (_request, work) => ({ answer: await work(), replayed: false }),
};

/** A server that listens on a free port until the test ends, with what it logged. */
export async function startServer(
  addRoutes: (http: HttpServer) => void = () => {},
  options: Partial<HttpServerOptions> = {},
) {
  const logged: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => logged.push(JSON.parse(line)) });
  const http = createHttpServer({
    host: '127.0.0.1',
    port: 0,
    allowedHosts: [],
    allowedOrigins: [],
    trustedProxies: [],
    localTrust: true,
    authenticate: refuse,
    isOwn: async () => false,
    rateLimit: null,
    rateLimits: unlimited,
    idempotency: neverTwice,
    log,
    ...options,
    limits: { idleGraceMs: 5, ...options.limits },
  });
  addRoutes(http);
  const url = await http.listen();
  onTestFinished(() => http.close());
  return { http, url, port: Number(new URL(url).port), logged };
}

/** Starts a server with one endpoint. */
export function startEndpoint<E extends Endpoint>(
  endpoint: E,
  handler: Handlers<{ it: E }>['it'],
  options: Partial<HttpServerOptions> = {},
) {
  return startServer((http) => mount(http, { it: endpoint }, { it: handler }), options);
}

/** `POST /echo` with a body of any names: answers what its handler received. */
export const echo = defineEndpoint({
  method: 'POST',
  path: '/echo',
  tag: 'Test',
  summary: 'Echo',
  description: 'Answers its input.',
  scope: null,
  body: z.looseObject({}),
  status: 200,
  response: z.looseObject({}),
  errors: [],
});

/**
 * Writes bytes to a socket and reads until the other side closes it.
 * @throws when that takes longer than `timeoutMs`
 */
export function exchange(
  port: number,
  text: string,
  { timeoutMs = 5000, address = '127.0.0.1' }: { timeoutMs?: number; address?: string } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, address, () => socket.write(text));
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`not closed after ${timeoutMs} ms; received: ${received}`));
    }, timeoutMs);
    let received = '';
    socket.setEncoding('utf8');
    socket.on('data', (data) => {
      received += data;
    });
    // A reset after the answer is as good as an end.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(received);
    });
  });
}

/** The status and the JSON body of an answer read from a socket. */
export function parseAnswer(text: string): { status: number; head: string; body: unknown } {
  const [head = '', body = ''] = text.split('\r\n\r\n', 2);
  return { status: Number(head.split(' ')[1]), head, body: JSON.parse(body) };
}
