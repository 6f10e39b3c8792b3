import type { api } from '@borgos/contracts';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { McpServers } from './mcp-servers.ts';

export function mcpServerHandlers(servers: McpServers): Handlers<(typeof api)['mcpServers']> {
  return {
    create: (fields, { actor }) => servers.add(fields, actor),
    list: (query) => servers.list(query),
    get: ({ id }) => servers.get(id),
    update: ({ id, ...fields }, { actor }) => servers.update(id, fields, actor),
    delete: async ({ id }, { actor }) => {
      await servers.remove(id, actor);
      return { message: `MCP server ${id} removed` };
    },
    refresh: ({ id }, { signal }) => servers.refresh(id, signal),
    tools: (query) => servers.tools(query),
    updateTool: ({ id, name, ...change }, { actor }) => servers.updateTool(id, name, change, actor),
  };
}
