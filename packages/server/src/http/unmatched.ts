import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';

/**
 * Answers what no route matches: 405 with `Allow` when the path exists for another method, else
 * 404. Must be called before the first route is added, as it listens for them.
 */
export function answerUnmatched(fastify: FastifyInstance): void {
  const routes = new Map<string, { pattern: RegExp; methods: Set<string> }>();
  fastify.addHook('onRoute', ({ url, method }) => {
    const route = routes.get(url) ?? { pattern: patternOf(url), methods: new Set() };
    for (const one of [method].flat()) route.methods.add(one);
    routes.set(url, route);
  });

  // Before a body is read, which some methods must have and nobody will look at.
  fastify.addHook('onRequest', (request, reply, done) => {
    done(request.is404 ? refuse(request, reply) : undefined);
  });
  // Without one of our own, the hooks would not be asked.
  fastify.setNotFoundHandler(refuse);

  function refuse(request: FastifyRequest, reply: FastifyReply): AppError {
    const path = request.url.split('?', 1)[0] ?? '';
    const methods = [...routes.values()]
      .filter(({ pattern }) => pattern.test(path))
      .flatMap((route) => [...route.methods]);
    if (methods.length === 0) {
      return new AppError(
        'NOT_FOUND',
        `There is nothing at ${path}; the API is described at /docs`,
      );
    }
    const allow = [...new Set(methods)].sort().join(', ');
    reply.header('allow', allow);
    return new AppError('METHOD_NOT_ALLOWED', `${path} takes ${allow}, not ${request.method}`);
  }
}

function patternOf(url: string): RegExp {
  const parts = url.split('/').map((part) => {
    if (!part.startsWith(':')) return RegExp.escape(part);
    // `:id(^\d+$)` takes only what is so.
    return /\(\^(.*)\$\)$/.exec(part)?.[1] ?? '[^/]+';
  });
  return new RegExp(`^${parts.join('/')}$`);
}
