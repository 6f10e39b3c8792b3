import { z } from 'zod';
import { defineEndpoint } from './endpoint.ts';
import { id, idParams, longId, printable, timestamp } from './fields.ts';
import { pageQuery } from './page.ts';

const jsonSchema = z.record(z.string(), z.unknown()).meta({ description: 'A JSON Schema.' });

const conversation = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must have 1 to 64 letters, digits, "-" or "_"')
  .meta({ description: 'The conversation that a question belongs to.', examples: ['ctx_1'] });

export const questionType = z.enum(['tool', 'chat', 'analysis']).meta({
  description:
    '`tool`: one question, answered by the tools; `chat`: the same in a conversation, which remembers what it is about; `analysis`: health, dependencies, security or all of a project, computed from its scan.',
});

const step = z
  .object({
    tool: z.string().meta({ examples: ['list_files'] }),
    input: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'ToolStep', description: 'A tool that was run for an answer.' });

const answerFields = {
  result: z.unknown().meta({
    description: 'The answer, as data where the tools give data; text where a model speaks.',
    examples: [['main.py', 'utils.py']],
  }),
  tokens_used: z
    .int()
    .min(0)
    .meta({ description: 'By the model, of all its turns; 0 without one.' }),
  model: z.string().meta({
    description: 'As its provider calls it; `none` where no model was asked.',
    examples: ['gpt-4o-mini', 'none'],
  }),
  steps: z.array(step).meta({ description: 'What was looked up, in order.' }),
  context_id: conversation
    .nullable()
    .meta({ description: 'For the next question; `null` unless it is a chat.' }),
};

export const question = z
  .object({
    id: longId,
    query_type: questionType,
    query: z.string(),
    ...answerFields,
    error: z.string().nullable().meta({ description: 'Why there was no answer.' }),
    created_at: timestamp,
  })
  .meta({ id: 'Question', description: 'A question that was asked, and what came of it.' });

export type Question = z.infer<typeof question>;

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
  query: defineEndpoint({
    method: 'POST',
    path: '/api/v1/mcp/query',
    tag: 'MCP',
    summary: 'Ask in plain language',
    description: `With a language model (\`BORGOS_LLM_URL\`, \`BORGOS_LLM_MODEL\`), it looks up by the tools what the answer needs, in at most 8 steps and 60 seconds. Without one, some fifty forms of questions are understood; what has none of them is 422 with the forms, never a guess. Nothing is changed unless \`allow_write\` says so.`,
    scope: 'mcp:read',
    body: z.strictObject({
      query_type: questionType.default('tool'),
      query: z
        .string()
        .trim()
        .min(1)
        .max(4000)
        .meta({ description: 'The question.', examples: ['List all Python files in the project'] }),
      context: z
        .looseObject({
          project_id: id.optional().meta({ description: 'The project that is meant.' }),
          deployment_id: id.optional().meta({ description: 'The deployment that is meant.' }),
          path: z
            .string()
            .max(4096)
            .regex(printable, 'must have no control characters')
            .optional()
            .meta({ description: 'The directory of the project that is meant.' }),
        })
        .default({})
        .meta({ description: 'What the question is about, beside its words.' }),
      context_id: conversation.optional(),
      allow_write: z.boolean().default(false).meta({
        description: '`true`: tools that change something may be run. Needs the scope `mcp:write`.',
      }),
    }),
    status: 200,
    response: z
      .object({
        ...answerFields,
        query_id: longId.meta({ description: 'Under which it is kept.' }),
      })
      .meta({ id: 'Answer', description: 'What was found out.' }),
    errors: [
      'NOT_FOUND',
      'UNPROCESSABLE',
      'UNAVAILABLE',
      'CONFLICT',
      'PORT_IN_USE',
      'PROJECT_PATH_MISSING',
      'PROJECT_PATH_NOT_ALLOWED',
      'STACK_NOT_FOUND',
      'LIMIT_UNAVAILABLE',
      'DEPLOYMENT_EXISTS',
      'DEPLOYMENT_FAILED',
    ],
  }),
  questions: defineEndpoint({
    method: 'GET',
    path: '/api/v1/mcp/queries',
    tag: 'MCP',
    summary: 'List the questions that were asked',
    description: 'With their answers and steps, newest first. They are kept for 30 days.',
    // Answers hold what others were allowed to see.
    scope: 'admin:read',
    query: z.strictObject({
      ...pageQuery,
      context_id: conversation.optional().meta({ description: 'Only those of this conversation.' }),
    }),
    status: 200,
    response: question,
    list: true,
    errors: [],
  }),
  questionById: defineEndpoint({
    method: 'GET',
    path: '/api/v1/mcp/queries/{id}',
    tag: 'MCP',
    summary: 'Read a question that was asked',
    description: 'With its answer and steps.',
    // Answers hold what others were allowed to see.
    scope: 'admin:read',
    params: idParams,
    status: 200,
    response: question,
    errors: ['NOT_FOUND'],
  }),
};
