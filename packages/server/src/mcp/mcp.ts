import { api } from '@borgos/contracts';
import type { Call, EndpointResponse, ListResult } from '@borgos/contracts/endpoint';
import { createMcpHandler, ProtocolErrorCode } from '@modelcontextprotocol/server';
import type { Logger } from 'pino';
import { authorize, includesScope } from '../caller.ts';
import { AppError } from '../errors.ts';
import { inputParser } from '../http/input.ts';
import type { ServersTool } from '../mcp-servers/mcp-servers.ts';
import type { AgentTools } from '../questions/questions.ts';
import { agentTools } from './agent-tools.ts';
import { brief } from './brief.ts';
import { isChosen, offerTools, readToolChoice, type ToolChoice } from './offered-tools.ts';
import { type Operations, perform } from './operations.ts';
import { createProtocolServer, type ServeClient, type ToolHost } from './protocol-server.ts';
import { mostResources, resourcesOf } from './resource-list.ts';
import { readResourceUri } from './resource-uri.ts';
import {
  allHintsOf,
  listedServersTool,
  type ServersTools,
  scopeOf,
  serversAnswer,
} from './servers-tools.ts';
import { parameterNames } from './tool-schema.ts';

/** A message of a client, as it came over HTTP. */
export interface McpMessage {
  /** Without the caller's credential: nothing behind this needs it, or may have it. */
  request: Request;
  body: unknown;
  call: Omit<Call, 'signal'>;
}

export interface Mcp {
  /** Answers one message, in the version of the protocol that it is written in. */
  answer(message: McpMessage): Promise<Response>;
  tools(): Promise<EndpointResponse<(typeof api)['mcp']['tools']>>;
  /** The same tools, for questions in plain language. */
  agentTools: AgentTools;
  close(): Promise<void>;
}

/** Everything the API can do, as tools, resources and prompts for agents. */
export function createMcp({
  operations,
  servers,
  version,
  log,
  serveClient = createProtocolServer,
}: {
  operations: Operations;
  servers: ServersTools;
  version: string;
  log: Logger;
  /** Another one than usual, for tests. */
  serveClient?: ServeClient | undefined;
}): Mcp {
  const offered = offerTools();
  const hosts = new WeakMap<Request, ToolHost>();
  const handler = createMcpHandler(
    ({ requestInfo }) => {
      const host = requestInfo && hosts.get(requestInfo);
      if (!host) throw new Error('a message without a caller');
      return serveClient(host);
    },
    { onerror: (error) => log.debug({ err: error }, 'a message of an MCP client was refused') },
  );

  function hostFor(call: McpMessage['call'], choice: ToolChoice): ToolHost {
    const run = (
      endpoint: Parameters<typeof perform>[1],
      input: Record<string, unknown>,
      signal: AbortSignal,
    ) => perform(operations, endpoint, input, { ...call, status: endpoint.status, signal });
    return {
      version,
      requestId: call.requestId,
      tools: offered.filter((tool) => isChosen(tool, choice)),
      ...((choice.toolsets?.has('servers') ?? true) && {
        servers: serversFor(call, choice.readOnly),
      }),
      perform: ({ tool }, input, signal) => run(tool.endpoint, input, signal),
      async read(uri, signal) {
        const found = readResourceUri(uri, operations.keys());
        if (!found) throw new AppError('NOT_FOUND', `There is no resource ${uri}`);
        const { endpoint, params, query } = found;
        const input = inputParser(endpoint)({ params, query, body: undefined });
        return JSON.stringify(await run(endpoint, input, signal));
      },
      async listResources(signal) {
        const { list } = api.projects;
        const input = inputParser(list)({
          params: {},
          query: { limit: String(mostResources) },
          body: undefined,
        });
        // As the contract of this endpoint says.
        const { items } = (await run(list, input, signal)) as ListResult<
          EndpointResponse<typeof list>
        >;
        return resourcesOf(items);
      },
    };
  }

  /** Who only reads gets what the user has said only reads, whatever the servers say. */
  function serversFor({ caller }: McpMessage['call'], readOnly: boolean): ToolHost['servers'] {
    const isFor = (tool: ServersTool) =>
      tool.isReadOnly || (!readOnly && includesScope(caller.scopes, 'mcp:write'));
    return {
      offered: async () => (await servers.offered()).filter(isFor),
      async call(name, input, signal) {
        const tool = (await servers.offered()).find((tool) => tool.name === name);
        if (!tool || (readOnly && !tool.isReadOnly)) {
          throw new AppError('NOT_FOUND', `There is no tool ${brief(name, 100)}, or it is off`);
        }
        authorize(caller, scopeOf(tool));
        return serversAnswer(await servers.call(name, input, signal));
      },
    };
  }

  const own = offered.map(({ tool, inputSchema, outputSchema, annotations }) => ({
    name: tool.name,
    title: tool.title,
    description: tool.description,
    parameters: parameterNames(tool),
    input_schema: inputSchema,
    output_schema: outputSchema,
    annotations,
    toolset: tool.toolset,
    scope: String(tool.endpoint.scope),
  }));

  return {
    async answer({ request, body, call }) {
      // Before the SDK, whose answer would be that the server has failed.
      const choice = readToolChoice(new URL(request.url).searchParams);
      if (Array.isArray(body)) return batchRefused();
      hosts.set(request, hostFor(call, choice));
      // Without a body there is no message; the SDK would wait for one that was read already.
      return handler.fetch(request, {
        parsedBody: request.method === 'POST' ? (body ?? null) : body,
      });
    },
    tools: async () => ({ tools: [...own, ...(await servers.offered()).map(describedTool)] }),
    agentTools: agentTools(offered, operations, servers),
    close: () => handler.close(),
  };
}

/** A tool of a server as the API tells of it; what it answers with is not known before. */
function describedTool(tool: ServersTool) {
  const { name, title = name, description = '', inputSchema } = listedServersTool(tool);
  const { properties, required } = Object(inputSchema);
  const needed: unknown[] = Array.isArray(required) ? required : [];
  const names = Object.keys(Object(properties));
  return {
    name,
    title,
    description,
    parameters: [
      ...names.filter((name) => needed.includes(name)),
      ...names.filter((name) => !needed.includes(name)),
    ],
    input_schema: inputSchema,
    output_schema: {},
    annotations: allHintsOf(tool),
    toolset: 'servers',
    scope: scopeOf(tool),
  };
}

/** Neither version has batches any more, and one would be thousands of calls for the price of a request. */
function batchRefused(): Response {
  const message = 'Batches are not taken: send each message by itself';
  return Response.json(
    { jsonrpc: '2.0', error: { code: ProtocolErrorCode.InvalidRequest, message }, id: null },
    { status: 400 },
  );
}
