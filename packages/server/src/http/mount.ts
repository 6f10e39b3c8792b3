import { Readable } from 'node:stream';
import type {
  Call,
  Endpoint,
  Handlers,
  ListResult,
  NdjsonStream,
} from '@borgos/contracts/endpoint';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Operation } from '../mcp/operations.ts';
import { ndjsonType, OpenCall } from './call.ts';
import { answerOnce, idempotencyKeyOf, type WrittenAnswer } from './idempotency.ts';
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
    // The schemas of this very endpoint make its input, for every way in.
    http.operations.set(endpoint, handler as Operation);
    http.fastify.route({
      method: endpoint.method,
      url: endpoint.path.replace(/\{(\w+)\}/g, ':$1'),
      // The caller is checked for it before anything else is read: see admission.ts.
      config: { scope: endpoint.scope },
      handler: routeHandler(http, endpoint, handler),
    });
  }
}

function routeHandler(http: HttpServer, endpoint: Endpoint, handler: AnyHandler) {
  const { idempotency } = http;
  const parseInput = inputParser(endpoint);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const input = parseInput(request);
    const key = endpoint.queryInBody ? undefined : idempotencyKeyOf(request);
    const call = new OpenCall(endpoint, request, reply);
    http.calls.add(call);
    try {
      // The schemas of this very endpoint have made the input.
      const handle = () => handler(input as never, call);
      if (endpoint.ndjson) {
        const result = await handle();
        if (isStream(result)) return sendStream(http, result, call, reply);
        return send(writeResult(endpoint, result, { call, input, url: request.url }), reply);
      }
      const work = async (): Promise<WrittenAnswer> =>
        writeResult(endpoint, await handle(), { call, input, url: request.url });
      const answer =
        key === undefined
          ? await work()
          : await answerOnce(idempotency, { key, caller: call.caller, request, reply }, work);
      return reply.sent ? reply : send(answer, reply);
    } catch (error) {
      if (!reply.sent) throw error;
      http.log.warn({ request_id: request.id, err: error }, 'a request failed after its time');
      return reply;
    } finally {
      http.calls.delete(call);
    }
  };
}

function isStream(result: unknown): result is NdjsonStream {
  return typeof result === 'object' && result !== null && 'ndjson' in result;
}

function sendStream(
  { calls, draining }: HttpServer,
  { ndjson }: NdjsonStream,
  call: OpenCall,
  reply: FastifyReply,
): FastifyReply {
  // Two pieces at most wait for who is slow to read.
  const stream = Readable.from(ndjson, { highWaterMark: 1 });
  calls.addStream(call, stream);
  if (draining) call.endStream();
  reply.code(call.status).headers({
    'content-type': `${ndjsonType}; charset=utf-8`,
    'cache-control': 'no-store',
    // Proxies that gather answers would keep lines back.
    'x-accel-buffering': 'no',
  });
  return reply.send(stream);
}

function send({ status, headers, body }: WrittenAnswer, reply: FastifyReply): string | Buffer {
  reply.code(status).header('content-type', 'application/json; charset=utf-8').headers(headers);
  return body;
}

function writeResult(
  endpoint: Endpoint,
  result: unknown,
  { call, input, url }: { call: Call; input: Record<string, unknown>; url: string },
): WrittenAnswer {
  const { status } = call;
  if (!endpoint.list) return { status, headers: call.headers, body: JSON.stringify(result) };
  // That a handler of a list returns one is what its type says.
  const { headers, bytes } = writeList(result as ListResult<unknown>, input, url);
  return { status, headers: { ...headers, ...call.headers }, body: bytes };
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
