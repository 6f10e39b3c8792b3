import { z } from 'zod';
import { defineEndpoint } from './endpoint.ts';
import { id, idParams, timestamp } from './fields.ts';
import { pageQuery } from './page.ts';

export const indexState = z
  .object({
    status: z.enum(['queued', 'building', 'ready', 'failed']).meta({
      description:
        '`queued`: it waits for its turn. `building`: what is done of it can be searched already. `ready`: it was complete when it was last looked at. `failed`: `reason` says why, and it is tried again by itself.',
    }),
    files_done: z.int().meta({ description: 'Of the last look, or of the one that goes on.' }),
    files_total: z.int(),
    bytes: z.int().meta({ description: 'The size of the index on the disk.' }),
    updated_at: timestamp
      .nullable()
      .meta({ description: 'When it was last made true to the files; `null`: not yet.' }),
    reason: z
      .string()
      .nullable()
      .meta({ description: 'Why it failed, was made anew, or leaves something out.' }),
  })
  .meta({ id: 'IndexState', description: 'How far the index of a project’s code is.' });

export type IndexState = z.infer<typeof indexState>;

/** Indexes keep their numbers: a new one goes to the end. */
export const definitionKind = z
  .enum([
    'function',
    'method',
    'class',
    'interface',
    'struct',
    'enum',
    'trait',
    'type',
    'module',
    'macro',
    'section',
  ])
  .meta({ id: 'DefinitionKind', description: '`section`: a heading of a document.' });

export type DefinitionKind = z.infer<typeof definitionKind>;

const definition = z
  .object({
    name: z.string(),
    kind: definitionKind,
    line: z.int().meta({ description: 'Where its name stands, from 1.' }),
    end_line: z.int(),
  })
  .meta({ id: 'Definition', description: 'A function, class or type.' });

export const codeResult = z
  .object({
    file: z.string().meta({ description: 'Absolute.', examples: ['/projects/myapp/auth.py'] }),
    path: z.string().meta({ description: 'In the project.', examples: ['auth.py'] }),
    project_id: id,
    project_name: z.string(),
    line: z.int().meta({ description: 'From 1.', examples: [25] }),
    content: z.string().meta({
      description: 'That line as it is in the file now, cut at 500 characters.',
      examples: ['def authenticate_user(username, password):'],
    }),
    relevance_score: z
      .number()
      .min(0)
      .max(1)
      .meta({
        description: 'Highest first; comparable across projects and questions.',
        examples: [0.88],
      }),
    definition: definition
      .nullable()
      .optional()
      .meta({ description: 'What the line lies in, if anything. Only with `details`.' }),
    ranges: z.array(z.array(z.int()).length(2)).optional().meta({
      description:
        'What matched in `content`, as [start, end) in UTF-16 code units. Only with `details`.',
    }),
    before: z
      .array(z.string())
      .optional()
      .meta({ description: 'The lines before it. Only with `context`.' }),
    after: z
      .array(z.string())
      .optional()
      .meta({ description: 'The lines after it. Only with `context`.' }),
  })
  .meta({ id: 'CodeResult', description: 'A line of code that answers a search.' });

export type CodeResult = z.infer<typeof codeResult>;

export const codeResults = z
  .object({
    data: z.array(codeResult),
    truncated: z.boolean().meta({ description: 'Whether there are more than `limit`.' }),
    incomplete: z
      .array(z.object({ project_id: id, reason: z.string() }))
      .meta({ description: 'Projects of which something may be missing, and why; the first 100.' }),
    index: z
      .object({
        ready: z
          .int()
          .meta({ description: 'How many of the projects searched have one that is complete.' }),
        building: z.int().meta({ description: 'How many are searched as far as they are built.' }),
        failed: z.int(),
        files_done: z.int().meta({ description: 'Of all of them together.' }),
        files_total: z.int(),
      })
      .meta({ description: 'How much of the code is in the indexes.' }),
    semantic: z
      .object({
        used: z.boolean().meta({ description: 'Whether embeddings have had a say in the order.' }),
        reason: z.string().nullable().meta({ description: 'Why not, if one is configured.' }),
      })
      .meta({ description: 'What a model for embeddings has done.' }),
  })
  .meta({ id: 'CodeResults', description: 'The answer of a search, and how complete it is.' });

const tag = 'Search';

export const search = {
  code: defineEndpoint({
    method: 'POST',
    path: '/api/v1/search/code',
    tag,
    summary: 'Search code',
    description: `In all projects, or in one. \`query\` is natural language, identifiers or parts of them (\`auth\` finds \`authenticate_user\`), and:

- \`"as it is"\`: a text, in any case of letters · \`/pattern/\`: a regular expression, line by line
- \`lang:python\`, \`path:src/api\`, \`file:*.test.ts\`, \`project:shop\`; with a \`-\` before it: not those; several with commas
- \`-word\`: not in the line · \`case:yes\`: texts and patterns tell upper from lower case

The answer is an array; \`envelope=true\` gives an object with the state of the indexes, too. While an index is built, what is done of it is searched; the header \`X-Search-Incomplete\` says that something may be missing.`,
    scope: 'search:read',
    query: z.strictObject({
      query: z
        .string()
        .min(1)
        .max(8_192)
        .meta({
          description: 'What to search for.',
          examples: ['authentication'],
        }),
      project_id: id.optional().meta({ description: 'Only in this project.' }),
      limit: z.int().min(1).max(100).default(20).meta({ description: 'How many results at most.' }),
      context: z
        .int()
        .min(0)
        .max(20)
        .default(0)
        .meta({ description: 'How many lines before and after each to give with it.' }),
      details: z
        .boolean()
        .default(false)
        .meta({ description: 'Whether to give the definition and what matched with each.' }),
      envelope: z
        .boolean()
        .default(false)
        .meta({ description: 'Whether to answer an object with the state of the indexes.' }),
    }),
    queryInBody: true,
    status: 200,
    response: z.union([z.array(codeResult), codeResults]),
    headers: ['X-Search-Incomplete'],
    errors: ['NOT_FOUND'],
  }),
  symbols: defineEndpoint({
    method: 'GET',
    path: '/api/v1/projects/{id}/symbols',
    tag,
    summary: 'List a project’s functions, classes and types',
    description:
      'From the index of its code. With `query` the best name first, else in the order of the files.',
    scope: 'search:read',
    params: idParams,
    query: z.strictObject({
      ...pageQuery,
      query: z
        .string()
        .max(200)
        .optional()
        .meta({ description: 'Words of the name, in any case; the last may be a beginning.' }),
      kind: definitionKind.optional().meta({ description: 'Only those of this kind.' }),
    }),
    status: 200,
    response: z
      .object({
        name: z.string(),
        kind: definitionKind,
        file: z.string().meta({ description: 'Absolute.' }),
        path: z.string().meta({ description: 'In the project.' }),
        line: z.int().meta({ description: 'Where its name stands, from 1.' }),
        end_line: z.int(),
      })
      .meta({ id: 'CodeSymbol', description: 'A function, class or type of a project.' }),
    list: true,
    errors: ['NOT_FOUND'],
  }),
};
