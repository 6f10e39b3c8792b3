import type { FastifyInstance } from 'fastify';
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

  fastify.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const methods = [...routes.values()]
      .filter(({ pattern }) => pattern.test(path))
      .flatMap((route) => [...route.methods]);
    if (methods.length > 0) {
      const allow = [...new Set(methods)].sort().join(', ');
      reply.header('allow', allow);
      throw new AppError('METHOD_NOT_ALLOWED', `${path} takes ${allow}, not ${request.method}`);
    }
    throw new AppError('NOT_FOUND', `There is nothing at ${path}; the API is described at /docs`);
  });
}

function patternOf(url: string): RegExp {
  const parts = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : RegExp.escape(part)));
  return new RegExp(`^${parts.join('/')}$`);
}
