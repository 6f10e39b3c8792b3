import type { api } from '@borgos/contracts';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { Questions } from '../questions/questions.ts';
import type { Mcp } from './mcp.ts';

export function mcpHandlers(mcp: Mcp, questions: Questions): Handlers<(typeof api)['mcp']> {
  return {
    tools: () => mcp.tools(),
    query: (asked, call) => questions.ask(asked, call),
    questions: (query) => questions.list(query),
    questionById: ({ id }) => questions.get(id),
  };
}
