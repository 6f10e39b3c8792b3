import { Readable } from 'node:stream';
import { scopes } from '@borgos/contracts/endpoint';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actorOf } from '../caller.ts';
import type { Mcp } from '../mcp/mcp.ts';
import type { HttpServer } from './server.ts';

/**
 * What the protocol is about. Nothing else is named behind this: what is called in there has the
 * caller, and needs no credential.
 */
const passedOn = /^(?:accept|content-type|last-event-id|mcp-.*)$/;

/** Where a client reads how to come in: RFC 9728. */
const resourceMetadataPath = '/.well-known/oauth-protected-resource';

/** Serves the Model Context Protocol over Streamable HTTP, for callers that REST would let in, too. */
export function serveMcp(http: HttpServer, mcp: Mcp): void {
  http.fastify.route({
    // What clients of 2025 ask with the other two, the SDK answers with 405.
    method: ['POST', 'GET', 'DELETE'],
    url: '/mcp',
    config: { scope: 'mcp:read' },
    handler: async (request, reply) => {
      const { id: requestId, caller } = request;
      const answer = await mcp.answer({
        request: messageOf(request, reply),
        body: request.body,
        call: {
          requestId,
          caller,
          actor: actorOf(caller, requestId),
          status: 200,
          wantsNdjson: false,
          headers: {},
        },
      });
      reply.code(answer.status).headers(Object.fromEntries(answer.headers));
      // Most answers: at once, as a stream costs more than all of the rest.
      if (!isStream(answer)) return reply.send(answer.body && (await answer.text()));
      // fetch's own types differ from Node's.
      return reply.send(answer.body && Readable.fromWeb(answer.body as never));
    },
  });
  for (const url of [resourceMetadataPath, `${resourceMetadataPath}/mcp`]) {
    http.fastify.route({
      method: 'GET',
      url,
      config: { scope: null },
      handler: async ({ protocol, host }) => ({
        resource: `${protocol}://${host}/mcp`,
        resource_name: 'BorgOS',
        resource_documentation: `${protocol}://${host}/docs`,
        // Its tokens are its own, made by a person: there is no authorization server to be sent to.
        authorization_servers: [],
        bearer_methods_supported: ['header'],
        scopes_supported: scopes,
      }),
    });
  }
}

function isStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true;
}

/** The request as the SDK takes it: its body is parsed already. */
function messageOf(request: FastifyRequest, reply: FastifyReply): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined && passedOn.test(name)) headers.set(name, [value].flat().join(', '));
  }
  const left = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) left.abort();
  });
  return new Request(new URL(request.url, 'http://localhost'), {
    method: request.method,
    headers,
    signal: left.signal,
  });
}
