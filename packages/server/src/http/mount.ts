import type { Call, Endpoint, Handlers, ListResult } from '@borgos/contracts/endpoint';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { OpenCall } from './call.ts';
import { inputParser } from './input.ts';
import { listAnswer } from './list-answer.ts';
import type { HttpServer } from './server.ts';

/** A handler of some endpoint, of which this file can't know the input's type. */
type AnyHandler = (input: never, call: Call) => Promise<unknown>;

const pageInput = z.object({
  limit: z.int(),
  offset: z.int().optional(),
  envelope: z.boolean().optional(),
});

/**
 * Adds a route for each endpoint of a resource: checks the input, calls the handler, writes what
 * it returns. Answers are not checked here: their types are, and the tests check the bytes.
 */
export function mount<R extends Record<string, Endpoint>>(
  http: HttpServer,
  endpoints: R,
  handlers: Handlers<R>,
): void {
  const byName: Record<string, AnyHandler> = handlers;
  for (const [name, endpoint] of Object.entries<Endpoint>(endpoints)) {
    const handler = byName[name];
    if (!handler) throw new Error(`${endpoint.method} ${endpoint.path} has no handler`);
    http.fastify.route({
      method: endpoint.method,
      url: endpoint.path.replace(/\{(\w+)\}/g, ':$1'),
      handler: routeHandler(http, endpoint, handler),
    });
  }
}

function routeHandler(http: HttpServer, endpoint: Endpoint, handler: AnyHandler) {
  const parseInput = inputParser(endpoint);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const input = parseInput(request);
    const call = new OpenCall(endpoint, request.id, reply);
    http.calls.add(call);
    try {
      // The schemas of this very endpoint have made the input.
      const result = await handler(input as never, call);
      return reply.sent ? reply : writeResult(endpoint, result, { call, input, request, reply });
    } catch (error) {
      if (!reply.sent) throw error;
      http.log.warn({ request_id: request.id, err: error }, 'a request failed after its time');
      return reply;
    } finally {
      http.calls.delete(call);
    }
  };
}

interface Exchange {
  call: Call;
  input: Record<string, unknown>;
  request: FastifyRequest;
  reply: FastifyReply;
}

function writeResult(
  endpoint: Endpoint,
  result: unknown,
  { call, input, request, reply }: Exchange,
): string | Buffer {
  reply.code(call.status).header('content-type', 'application/json; charset=utf-8');
  if (!endpoint.list) return JSON.stringify(result);
  // That a handler of a list returns one is what its type says.
  const { headers, bytes } = writeList(result as ListResult<unknown>, input, request.url);
  reply.headers(headers);
  return bytes;
}

interface WrittenList {
  url: string;
  headers: Record<string, string>;
  /** Encoded once: that costs more than all else of a long list. */
  bytes: Buffer;
}

/** By what the handler returned: a list that is remembered comes back as the same object. */
const writtenLists = new WeakMap<ListResult<unknown>, WrittenList>();

function writeList(
  result: ListResult<unknown>,
  input: Record<string, unknown>,
  url: string,
): WrittenList {
  const known = writtenLists.get(result);
  if (known?.url === url) return known;
  const { headers, body } = listAnswer(result, pageInput.parse(input), url);
  const written = { url, headers, bytes: Buffer.from(JSON.stringify(body)) };
  writtenLists.set(result, written);
  return written;
}
