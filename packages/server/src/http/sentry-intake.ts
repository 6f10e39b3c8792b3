import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SentryIntake } from '../error-log/sentry/intake.ts';
import { AppError } from '../errors.ts';
import type { HttpServer } from './server.ts';

/** What an SDK need not send, as it is not kept: sessions, traces, replays. */
const notKept =
  '3600:transaction;span;session;profile;profile_chunk;replay;attachment;log_item;monitor:project';

/** A page of any origin may report, and read nothing but the answer: see guard.ts. */
const forPages = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'x-sentry-error, x-sentry-rate-limits, retry-after',
};

const forPreflights = {
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers':
    'x-sentry-auth, x-requested-with, origin, accept, content-type, authentication, authorization, content-encoding',
  'access-control-max-age': '3600',
};

/**
 * Takes what Sentry's own SDKs send, at the paths that they make of a DSN. They have a credential of
 * their own, and their bodies are no JSON: see isSentryIntake in guard.ts.
 */
export function serveSentryIntake(http: HttpServer, intake: SentryIntake): void {
  void http.fastify.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.addHook('onRequest', (_request, reply, next) => {
      reply.headers(forPages);
      next();
    });
    for (const kind of ['envelope', 'store'] as const) {
      for (const end of ['/', '']) {
        const url = `/api/:projectId(^[1-9]\\d{0,9}$)/${kind}${end}`;
        scope.route({
          method: 'OPTIONS',
          url,
          config: { scope: null },
          handler: (_request, reply) => reply.code(204).headers(forPreflights).send(),
        });
        scope.route({
          method: 'POST',
          url,
          config: { scope: null },
          handler: (request, reply) => answer(intake, kind, request, reply),
        });
      }
    }
    done();
  });
}

async function answer(
  intake: SentryIntake,
  kind: 'envelope' | 'store',
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<{ id: string | null }> {
  // A number, as the route says.
  const { projectId } = request.params as { projectId: string };
  try {
    const report = await intake.receive({
      projectId: Number(projectId),
      kind,
      headers: request.headers,
      query: request.query as Record<string, unknown>,
      body: (request.body as Readable | undefined) ?? request.raw,
    });
    reply.header('x-sentry-rate-limits', notKept);
    return report;
  } catch (error) {
    if (error instanceof AppError) tell(error, reply);
    throw error;
  }
}

/** What the SDKs look at: they do not read the body. */
function tell({ code, message, retryAfterSeconds }: AppError, reply: FastifyReply): void {
  reply.header('x-sentry-error', message.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 500));
  if (code === 'RATE_LIMITED') {
    reply.header('x-sentry-rate-limits', `${retryAfterSeconds ?? 1}:error:key`);
  }
  // What was not read of the body would be taken for the next request.
  if (code === 'PAYLOAD_TOO_LARGE') reply.header('connection', 'close');
}
