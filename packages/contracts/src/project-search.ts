import { z } from 'zod';
import { defineEndpoint } from './endpoint.ts';
import { printable } from './fields.ts';
import { project } from './projects.ts';

/** Where a word of a search was found. */
export const searchedFields = [
  'name',
  'tech_stack',
  'project_type',
  'languages',
  'implied',
  'description',
  'dependencies',
  'path',
  'readme',
] as const;

const wordMatch = z
  .object({
    word: z.string().meta({ description: 'Of the query.', examples: ['web'] }),
    field: z.enum(searchedFields).meta({
      description:
        'Where it was found. `implied`: nothing says it, but something of the project’s stack or its type stands for it, as `fastapi` for `web`.',
    }),
    term: z.string().meta({ description: 'What was found there.', examples: ['webapp'] }),
    how: z.enum(['exact', 'stem', 'joined', 'prefix', 'typo']).meta({
      description:
        '`stem`: another form of the word; `joined`: together with the word beside it; `prefix`: the beginning of a longer word; `typo`: one or two letters differ.',
    }),
    because: z
      .string()
      .nullable()
      .meta({ description: 'For `implied`: what stands for the word.', examples: ['fastapi'] }),
    score: z.number().min(0).max(1).meta({
      description:
        'What it would give by itself. Of each word the best counts, so these do not add up.',
    }),
  })
  .meta({ id: 'ProjectWordMatch', description: 'Why a project was found.' });

export const projectMatch = z
  .object({
    ...project.pick({
      id: true,
      name: true,
      path: true,
    }).shape,
    relevance_score: z.number().min(0).max(1).meta({
      description: 'How well it fits: 1 is its whole name. Comparable from one query to another.',
    }),
    ...project.pick({ tech_stack: true, project_type: true, is_active: true }).shape,
    description: z.string().nullable().meta({
      description: 'What its manifest or README says it is; `null` before the first scan.',
    }),
    explanation: z
      .array(wordMatch)
      .nullable()
      .meta({ description: 'The best first; `null` unless `explain` asks for it.' }),
  })
  .meta({ id: 'ProjectMatch', description: 'A project that a search has found.' });

export type ProjectMatch = z.infer<typeof projectMatch>;
export type WordMatch = z.infer<typeof wordMatch>;

export const projectSearch = {
  search: defineEndpoint({
    method: 'POST',
    path: '/api/v1/search/projects',
    tag: 'Search',
    summary: 'Search projects',
    description:
      'Looks through names, paths, descriptions, the beginning of READMEs, languages, frameworks, dependencies and what these stand for: `python web app` finds what is made with FastAPI. Forgives typing errors. The best first, then by name. The input may be in the query string or in a JSON body.',
    scope: 'search:read',
    queryInBody: true,
    query: z.strictObject({
      query: z
        .string()
        .trim()
        .min(1)
        .max(500)
        .regex(printable, 'must have no control characters')
        .meta({
          description: 'Words, of which the first 16 count.',
          examples: ['python web app'],
        }),
      limit: z
        .int()
        .min(1)
        .max(100)
        .default(10)
        .meta({ description: 'How many projects at most.' }),
      include_inactive: z
        .boolean()
        .default(false)
        .meta({ description: 'Also those that are not active.' }),
      explain: z
        .boolean()
        .default(false)
        .meta({ description: 'Says of each project which words were found where.' }),
    }),
    status: 200,
    response: z.array(projectMatch),
    errors: [],
  }),
};
