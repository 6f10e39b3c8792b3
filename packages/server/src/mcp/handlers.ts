import type { api } from '@borgos/contracts';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { Mcp } from './mcp.ts';

export function mcpHandlers(mcp: Mcp): Handlers<(typeof api)['mcp']> {
  return { tools: async () => mcp.tools() };
}
