import { z } from 'zod';
import { deploymentStatus } from './deployments.ts';
import { defineEndpoint } from './endpoint.ts';
import { id, idParams, message, printable, timestamp } from './fields.ts';
import { pageQuery } from './page.ts';
import { indexState } from './search.ts';

export const projectType = z.enum([
  'web',
  'api',
  'cli',
  'library',
  'mobile',
  'desktop',
  'data',
  'infra',
  'service',
  'static',
  'other',
]);

const name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(printable, 'must have no control characters')
  .meta({ description: 'A display name.', examples: ['MyProject'] });

const path = z
  .string()
  .min(1)
  .max(4096)
  .regex(printable, 'must have no control characters')
  .regex(/^\//, 'must be an absolute path, such as /home/me/project')
  .refine((value) => !value.split('/').includes('..'), 'must not contain ".."')
  .transform((value) => value.replace(/\/+(\.?\/+)*/g, '/').replace(/(.)\/\.?$/, '$1'))
  .meta({
    description:
      'The absolute path of the project’s directory on the machine of BorgOS. It need not exist yet.',
    examples: ['/projects/myproject'],
  });

const technology = z
  .string()
  .trim()
  .toLowerCase()
  .min(1)
  .max(50)
  .regex(printable, 'must have no control characters')
  .regex(/^[^,]*$/, 'must not contain a comma');

const techStack = z
  .array(technology)
  .max(50)
  .meta({
    description: 'Languages, frameworks and databases, in lower case.',
    examples: [['python', 'react', 'postgresql']],
  });

const score = z.int().min(0).max(100);

export const projectError = z
  .object({
    type: z.string().meta({ examples: ['syntax'] }),
    severity: z.enum(['debug', 'info', 'warning', 'error', 'critical']),
    file: z.string().meta({ description: 'Relative to the project’s directory.' }),
    line: z.int().nullable(),
    column: z.int().nullable(),
    message: z.string(),
  })
  .meta({ id: 'ProjectError', description: 'A fault that a scan found in a project’s files.' });

export const project = z
  .object({
    id,
    name: z.string(),
    path: z.string(),
    zenith_id: z
      .string()
      .nullable()
      .meta({ description: 'Its identity in a Zenith Coder folder, if it came from one.' }),
    project_type: projectType.nullable().meta({ description: '`null`: not known yet.' }),
    tech_stack: z.array(z.string()),
    health_score: score.meta({ description: 'How sound it is; 0 before the first scan.' }),
    vibe_score: score.meta({ description: 'How alive it is; 75 before the first scan.' }),
    eco_score: score.meta({ description: 'How lean it is; 80 before the first scan.' }),
    errors: z.array(projectError).meta({
      description:
        'The gravest first: 1000 at the most, 20 in a list. `metadata.errors_found` says how many there are.',
    }),
    metadata: z
      .looseObject({
        lines_of_code: z.int().nullable(),
        test_coverage: z.number().nullable().meta({ description: 'Percent of lines.' }),
        dependencies: z.int().nullable().meta({ description: 'Direct dependencies.' }),
      })
      .meta({ description: 'What scans measured; `null` what is not known yet.' }),
    missing_since: timestamp.nullable().meta({
      description: 'Since when a search for Zenith projects does not find it any more.',
    }),
    is_active: z.boolean(),
    scan_status: z
      .enum(['not_scanned', 'path_missing', 'queued', 'running', 'completed', 'failed'])
      .meta({ description: '`path_missing`: the directory does not exist (yet).' }),
    last_scan_at: timestamp.nullable(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'Project', description: 'A directory that BorgOS knows.' });

export const projectWithDeployments = project
  .extend({
    deployments: z
      .array(z.object({ id, name: z.string(), port: z.int(), status: deploymentStatus }))
      .meta({ description: 'What of it is deployed, newest first.' }),
    index: indexState,
  })
  .meta({ id: 'ProjectWithDeployments', description: 'A project and its deployments.' });

export type Project = z.infer<typeof project>;
export type ProjectWithDeployments = z.infer<typeof projectWithDeployments>;

const tag = 'Projects';

export const projects = {
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/projects',
    tag,
    summary: 'List projects',
    description: 'Newest first. All filters given must match.',
    scope: 'projects:read',
    query: z.strictObject({
      ...pageQuery,
      active: z.boolean().optional().meta({ description: 'Only active, or only inactive ones.' }),
      project_type: projectType.optional().meta({ description: 'Only those of this type.' }),
      tech_stack: techStack
        .optional()
        .meta({ description: 'Only those that have all of these, separated by commas.' }),
      name: name.optional().meta({ description: 'Only those whose name contains this.' }),
      path: path.optional().meta({ description: 'Only the one in exactly this directory.' }),
    }),
    status: 200,
    response: project,
    list: true,
    errors: [],
  }),
  create: defineEndpoint({
    method: 'POST',
    path: '/api/v1/projects',
    tag,
    summary: 'Register a project',
    description:
      'The directory may be one that does not exist yet: `scan_status` is then `path_missing`. Nothing in it is changed.',
    scope: 'projects:write',
    body: z.strictObject({
      name,
      path,
      project_type: projectType.nullable().default(null),
      tech_stack: techStack.default([]),
    }),
    status: 201,
    response: project,
    errors: ['PROJECT_EXISTS', 'PROJECT_PATH_NOT_ALLOWED'],
  }),
  get: defineEndpoint({
    method: 'GET',
    path: '/api/v1/projects/{id}',
    tag,
    summary: 'Read a project',
    description: 'The project with its deployments.',
    scope: 'projects:read',
    params: idParams,
    status: 200,
    response: projectWithDeployments,
    errors: ['NOT_FOUND'],
  }),
  update: defineEndpoint({
    method: 'PATCH',
    path: '/api/v1/projects/{id}',
    tag,
    summary: 'Change a project',
    description: 'Changes only the fields that are given.',
    scope: 'projects:write',
    params: idParams,
    body: z.strictObject({
      name: name.optional(),
      path: path.optional(),
      project_type: projectType.nullable().optional(),
      tech_stack: techStack.optional(),
      is_active: z.boolean().optional(),
    }),
    status: 200,
    response: project,
    errors: ['NOT_FOUND', 'PROJECT_EXISTS', 'PROJECT_PATH_NOT_ALLOWED'],
  }),
  delete: defineEndpoint({
    method: 'DELETE',
    path: '/api/v1/projects/{id}',
    tag,
    summary: 'Forget a project',
    description:
      'BorgOS forgets the project; its directory stays as it is. A project that has deployments is refused: delete them first.',
    scope: 'projects:write',
    params: idParams,
    status: 200,
    response: z.object({ message }),
    errors: ['NOT_FOUND', 'PROJECT_HAS_DEPLOYMENTS'],
  }),
};
