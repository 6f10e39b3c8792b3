import { z } from 'zod';
import { actor } from './caller.ts';
import { defineEndpoint } from './endpoint.ts';
import { idParams, timestamp } from './fields.ts';
import { pageQuery } from './page.ts';
import { stackNames } from './stack-names.ts';

/** Why a release did not come to run, for a program; `status_reason` says it to a person. */
export const failureCode = z.enum([
  'STACK_NOT_FOUND',
  'SOURCE_MISSING',
  'SOURCE_TOO_LARGE',
  'SOURCE_UNSAFE',
  'BASE_IMAGE_MISSING',
  'BUILD_FAILED',
  'BUILD_OOM',
  'BUILD_TIMEOUT',
  'DISK_FULL',
  'PORT_IN_USE',
  'START_FAILED',
  'EXITED',
  'OUT_OF_MEMORY',
  'UNHEALTHY',
  'WRONG_PORT',
  'RUNTIME_UNAVAILABLE',
  'INTERNAL',
]);

export type FailureCode = z.infer<typeof failureCode>;

export const runtimeName = z.enum(['docker', 'process']);

/** What kind of project is built and started. */
export const deployedStack = z.enum(stackNames);

export const revisionStatus = z
  .enum([
    'queued',
    'building',
    'starting',
    'serving',
    'retired',
    'failed',
    'cancelled',
    'superseded',
  ])
  .meta({
    id: 'RevisionStatus',
    description:
      '`serving`: visitors get it; `retired`: it served before; `cancelled`: it was stopped or cancelled before it served; `superseded`: a newer one came before it served.',
  });

export type RevisionStatus = z.infer<typeof revisionStatus>;

export const revisionNumber = z.int().min(1).max(2_147_483_647);

export const revisionChange = z
  .object({
    setting: z
      .enum([
        'environment',
        'secret',
        'cpu_limit',
        'memory_limit',
        'health_check_path',
        'root',
        'volume',
        'stack',
        'install',
        'build',
        'start',
        'source_commit',
      ])
      .meta({ description: 'What is different.' }),
    name: z
      .string()
      .nullable()
      .meta({
        description: 'Of the environment variable, secret or volume.',
        examples: ['NODE_ENV'],
      }),
    change: z.enum(['added', 'removed', 'changed']),
    before: z.string().nullable().meta({ description: '`null` also for a secret.' }),
    after: z.string().nullable().meta({ description: '`null` also for a secret.' }),
  })
  .meta({ id: 'RevisionChange', description: 'One thing that a revision has otherwise.' });

export type RevisionChange = z.infer<typeof revisionChange>;

export const deploymentRevision = z
  .object({
    number: revisionNumber,
    status: revisionStatus,
    image: z.string().nullable().meta({ description: 'What it was built to, while that is kept.' }),
    runtime: runtimeName.nullable().meta({ description: '`null`: it was not built.' }),
    stack: deployedStack.nullable().meta({ description: '`null`: it was not built.' }),
    source_commit: z.string().nullable().meta({
      description:
        'The git commit that was checked out when it was built; there may have been changes beside it.',
    }),
    failure_code: failureCode.nullable(),
    failure_reason: z.string().nullable(),
    created_by: actor
      .pick({ credential: true, user: true, token_id: true })
      .nullable()
      .meta({ description: 'Who asked for it; `null`: from before that was kept.' }),
    rollback_of: revisionNumber.nullable().meta({
      description: 'The revision that it repeats; `null`: it was deployed.',
    }),
    rolled_back_from: revisionNumber.nullable().meta({
      description: 'The revision that served when it was rolled back.',
    }),
    can_roll_back: z.boolean().meta({
      description: 'Whether the deployment can be rolled back to it now.',
    }),
    changes: z.array(revisionChange).nullable().meta({
      description:
        'What is different from the one before; `null`: that is not known any more, or there was none.',
    }),
    created_at: timestamp,
    built_at: timestamp.nullable(),
    served_at: timestamp.nullable().meta({ description: 'When it first got visitors.' }),
  })
  .meta({ id: 'DeploymentRevision', description: 'One release of a deployment.' });

export type DeploymentRevision = z.infer<typeof deploymentRevision>;

export const deploymentRestart = z
  .object({
    revision: z.int(),
    exit_code: z.int().nullable(),
    out_of_memory: z.boolean(),
    restarts: z
      .int()
      .meta({ description: 'How often it has been restarted, with the restart that follows.' }),
    crashed_at: timestamp.meta({ description: 'When BorgOS saw it.' }),
  })
  .meta({ id: 'DeploymentRestart', description: 'The app ended by itself, and was restarted.' });

export type DeploymentRestart = z.infer<typeof deploymentRestart>;

const tag = 'Deployments';

/** What was deployed, and what has become of it: a part of the endpoints of deployments. */
export const history = {
  revisions: defineEndpoint({
    method: 'GET',
    path: '/api/v1/deployments/{id}/revisions',
    tag,
    summary: 'List the revisions of a deployment',
    description:
      'Newest first: the last 20, and those that are still in use. Of the last 3 builds that served, one is that which serves; the others can be rolled back to.',
    scope: 'deployments:read',
    params: idParams,
    query: z.strictObject(pageQuery),
    status: 200,
    response: deploymentRevision,
    list: true,
    errors: ['NOT_FOUND'],
  }),
  restarts: defineEndpoint({
    method: 'GET',
    path: '/api/v1/deployments/{id}/restarts',
    tag,
    summary: 'List the crashes of a deployment',
    description:
      'Newest first. Crashes that follow each other at once may be told as one; `restarts` counts them all.',
    scope: 'deployments:read',
    params: idParams,
    query: z.strictObject(pageQuery),
    status: 200,
    response: deploymentRestart,
    list: true,
    errors: ['NOT_FOUND'],
  }),
};
