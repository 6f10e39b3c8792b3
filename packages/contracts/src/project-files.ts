import { z } from 'zod';
import { defineEndpoint } from './endpoint.ts';
import { id, idParams, printable } from './fields.ts';
import { pageQuery } from './page.ts';

const tag = 'Projects';

const filePath = z
  .string()
  .min(1)
  .max(4096)
  .regex(printable, 'must have no control characters')
  .meta({
    description: 'Relative to the project’s directory, with slashes.',
    examples: ['src/main.py'],
  });

export const projectFile = z
  .object({
    path: filePath,
    language: z
      .string()
      .nullable()
      .meta({
        description: 'By its name; `null` where that does not tell.',
        examples: ['Python'],
      }),
    size: z.int().min(0).meta({ description: 'In bytes.' }),
  })
  .meta({ id: 'ProjectFile', description: 'A file of a project that git would list.' });

export type ProjectFile = z.infer<typeof projectFile>;

/** How many lines one answer has at most. */
export const mostLines = 2000;

const line = z.int().min(1).max(2_147_483_647);

export const projectFiles = {
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/projects/{id}/files',
    tag,
    summary: 'List a project’s files',
    description:
      'What git would list: tracked files, and others that no .gitignore rule leaves out. By path, in alphabetical order. Looked up on the disk at every call.',
    scope: 'projects:read',
    params: idParams,
    query: z.strictObject({
      ...pageQuery,
      folder: filePath.optional().meta({ description: 'Only what lies in this folder.' }),
      pattern: z
        .string()
        .min(1)
        .max(200)
        .regex(printable, 'must have no control characters')
        .optional()
        .meta({
          description:
            'Only paths that this glob matches, as .gitignore writes them; without a slash it is compared with the file’s name.',
          examples: ['*.py', 'src/**/*.ts'],
        }),
      language: z
        .string()
        .min(1)
        .max(50)
        .optional()
        .meta({
          description: 'Only files of this language, in any case.',
          examples: ['python'],
        }),
    }),
    status: 200,
    response: projectFile,
    list: true,
    errors: ['NOT_FOUND', 'PROJECT_PATH_MISSING', 'UNAVAILABLE'],
  }),
  read: defineEndpoint({
    method: 'GET',
    path: '/api/v1/projects/{id}/file',
    tag,
    summary: 'Read a file of a project',
    description: `Whole lines of a text file in the project’s directory, at most ${mostLines} lines or 256 KiB at once. Files that hold secrets by their name (\`.env\`, private keys) are not shown, and no link is followed out of the project.`,
    scope: 'projects:read',
    params: idParams,
    query: z.strictObject({
      path: filePath,
      start_line: line.default(1).meta({ description: 'The first line, from 1.' }),
      end_line: line.optional().meta({
        description: 'The last line. Default: as many as one answer may have.',
      }),
    }),
    status: 200,
    response: z
      .object({
        project_id: id,
        path: filePath,
        language: z.string().nullable(),
        size: z.int().meta({ description: 'Of the whole file, in bytes.' }),
        start_line: z.int(),
        end_line: z
          .int()
          .meta({ description: 'Of the last line given; before `start_line` if there is none.' }),
        total_lines: z.int(),
        truncated: z.boolean().meta({ description: 'Whether lines follow that were asked for.' }),
        content: z.string(),
      })
      .meta({ id: 'FileContent', description: 'Lines of a file.' }),
    errors: ['NOT_FOUND', 'FORBIDDEN', 'PROJECT_PATH_MISSING', 'UNPROCESSABLE'],
  }),
};
