import { Server } from '@modelcontextprotocol/server';
import {
  capabilities,
  protocolHandlers,
  type ServeClient,
  serverInfo,
} from '../protocol-server.ts';
import { conformancePrompts, getConformancePrompt } from './conformance-prompts.ts';
import { conformanceQuestions, stateCodec } from './conformance-questions.ts';
import { conformanceResources, conformanceTemplate, readSample } from './conformance-resources.ts';
import { conformanceTools } from './conformance-tools.ts';

const tools = [...conformanceTools, ...conformanceQuestions];

/**
 * BorgOS with what the conformance suite wants of every server beside it: tools, resources and
 * prompts of fixed names, and what BorgOS does not offer (logging, completion, subscriptions).
 */
export const serveConformance: ServeClient = (host) => {
  const server = new Server(serverInfo(host.version), {
    capabilities: { ...capabilities, resources: { subscribe: true }, logging: {}, completions: {} },
    requestState: { verify: stateCodec.verify },
  });
  const real = protocolHandlers(host, () => server.getClientCapabilities());
  server.setRequestHandler('tools/list', async () => ({
    tools: [
      ...(await real.listTools()).tools,
      ...tools.map(({ name, inputSchema = { type: 'object' as const } }) => ({
        name,
        description: 'A fixture of the conformance suite.',
        inputSchema,
      })),
    ],
  }));
  server.setRequestHandler('tools/call', (request, context) => {
    const { name, arguments: input = {} } = request.params;
    const tool = tools.find((one) => one.name === name);
    return tool ? tool.call(input, context) : real.callTool(request, context);
  });
  server.setRequestHandler('resources/list', async (request, context) => ({
    resources: [...(await real.listResources(request, context)).resources, ...conformanceResources],
  }));
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [...real.listTemplates().resourceTemplates, conformanceTemplate],
  }));
  server.setRequestHandler('resources/read', async (request, context) => {
    const sample = readSample(request.params.uri);
    return sample ? { contents: [sample] } : real.readResource(request, context);
  });
  server.setRequestHandler('resources/subscribe', () => ({}));
  server.setRequestHandler('resources/unsubscribe', () => ({}));
  server.setRequestHandler('prompts/list', () => ({
    prompts: [...real.listPrompts().prompts, ...conformancePrompts],
  }));
  server.setRequestHandler(
    'prompts/get',
    async (request, context) =>
      (await getConformancePrompt(request.params, context)) ?? real.getPrompt(request),
  );
  server.setRequestHandler('completion/complete', () => ({
    completion: { values: ['paris', 'park', 'party'], total: 3, hasMore: false },
  }));
  return server;
};
