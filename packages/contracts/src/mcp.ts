import { z } from 'zod';
import { defineEndpoint } from './endpoint.ts';

const jsonSchema = z.record(z.string(), z.unknown()).meta({ description: 'A JSON Schema.' });

export const mcp = {
  tools: defineEndpoint({
    method: 'GET',
    path: '/api/v1/mcp/tools',
    tag: 'MCP',
    summary: 'List the tools for agents',
    description:
      'What agents can call at `/mcp`. Each tool does what the named endpoint of this API does, under the scopes of whoever calls it.',
    scope: 'mcp:read',
    status: 200,
    response: z.object({
      tools: z.array(
        z
          .object({
            name: z.string().meta({ examples: ['list_projects'] }),
            title: z.string(),
            description: z.string(),
            parameters: z
              .array(z.string())
              .meta({ description: 'The names of what it takes, those it needs first.' }),
            input_schema: jsonSchema,
            output_schema: jsonSchema,
            annotations: z
              .object({
                readOnlyHint: z.boolean(),
                destructiveHint: z.boolean(),
                idempotentHint: z.boolean(),
                openWorldHint: z.boolean(),
              })
              .meta({ description: 'The hints of the Model Context Protocol.' }),
            toolset: z.string().meta({ description: 'For `?toolsets=` at `/mcp`.' }),
            scope: z.string().meta({ description: 'What the caller must be allowed to do.' }),
          })
          .meta({ id: 'Tool', description: 'Something that an agent can do.' }),
      ),
    }),
    errors: [],
  }),
};
