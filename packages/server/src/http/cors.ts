import type { FastifyReply, FastifyRequest } from 'fastify';

const exposedHeaders = [
  ...['X-Request-Id', 'X-Total-Count', 'Link', 'Retry-After', 'Idempotency-Replayed'],
  ...['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset', 'X-Search-Incomplete'],
].join(', ');

/**
 * Lets pages of configured origins read the answer, also that of a refusal. No other page may.
 * @returns whether the request is of such a page
 */
export function allowReading(
  { headers: { origin } }: FastifyRequest,
  reply: FastifyReply,
  allowedOrigins: readonly string[],
): boolean {
  if (origin === undefined || !allowedOrigins.includes(origin)) return false;
  reply.headers({
    'access-control-allow-origin': origin,
    'access-control-expose-headers': exposedHeaders,
    vary: 'Origin',
  });
  return true;
}

/** Tells a browser that asks beforehand what such a page may send. */
export function answerPreflight(reply: FastifyReply): void {
  reply
    .code(204)
    .headers({
      'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'Content-Type, Authorization, Idempotency-Key',
      'access-control-max-age': '600',
    })
    .send();
}
