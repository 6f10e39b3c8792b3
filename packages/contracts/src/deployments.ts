import { z } from 'zod';
import { appRoot, deployPlan } from './deploy-plan.ts';
import { deploymentLogs } from './deployment-logs.ts';
import { defineEndpoint } from './endpoint.ts';
import { id, idParams, message, timestamp } from './fields.ts';
import { pageQuery } from './page.ts';
import { failureCode, history, revisionNumber, runtimeName } from './revisions.ts';
import { volumeMounts } from './volumes.ts';

export { type FailureCode, failureCode, runtimeName } from './revisions.ts';

export const deploymentStatus = z
  .enum([
    'queued',
    'building',
    'starting',
    'running',
    'unhealthy',
    'crash_loop',
    'stopping',
    'stopped',
    'failed',
  ])
  .meta({ id: 'DeploymentStatus', description: 'What a deployment is doing.' });

export type DeploymentStatus = z.infer<typeof deploymentStatus>;

const name = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'must be a DNS label: 1 to 63 of a-z, 0-9 and "-", not first or last',
  )
  .meta({ description: 'A DNS label, unique in its project.', examples: ['myproject-prod'] });

const port = z
  .int()
  .min(1024)
  .max(65535)
  .meta({
    description: 'Where it answers on the machine of BorgOS; a free port when left out.',
    examples: [8090],
  });

/** What BorgOS sets itself: where an app is to listen, and by what its processes are known again. */
export const reservedVariables = ['PORT', 'HOST', 'HOSTNAME', 'BORGOS_INSTANCE', 'BORGOS_BUILD'];

const environment = z
  .record(
    z
      .string()
      .max(256)
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be letters, digits and "_"'),
    z
      .string()
      .max(32_768)
      .regex(/^[^\0]*$/, 'must have no NUL character')
      .refine((value) => value.isWellFormed(), 'must be valid Unicode'),
  )
  .refine((value) => Object.keys(value).length <= 256, 'must have at most 256 variables')
  .refine((value) => JSON.stringify(value).length <= 262_144, 'must be at most 256 KiB in all')
  .refine(
    (value) => !reservedVariables.some((reserved) => reserved in value),
    `must not set ${reservedVariables.join(', ')}: BorgOS sets them itself`,
  )
  .meta({
    description: 'Environment variables of the app. Beside them it gets `PORT` and `HOST`.',
    examples: [{ NODE_ENV: 'production' }],
  });

const secrets = z
  .record(
    z
      .string()
      .max(256)
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be letters, digits and "_"'),
    z
      .string()
      .min(1)
      .max(32_768)
      .regex(/^[^\0]*$/, 'must have no NUL character')
      .refine((value) => value.isWellFormed(), 'must be valid Unicode')
      .nullable(),
  )
  .refine((value) => Object.keys(value).length <= 256, 'must have at most 256 secrets')
  .refine((value) => JSON.stringify(value).length <= 262_144, 'must be at most 256 KiB in all')
  .refine(
    (value) => !reservedVariables.some((reserved) => reserved in value),
    `must not set ${reservedVariables.join(', ')}: BorgOS sets them itself`,
  )
  .meta({
    description:
      'Environment variables that are kept encrypted and never shown again. Those not named stay as they were; `null` removes one.',
    examples: [{ DATABASE_PASSWORD: 'correct horse battery staple' }],
  });

const cpuLimit = z
  .string()
  .regex(/^\d{1,4}(\.\d{1,3})?$/, 'must be a number of cores, such as "0.5" or "2"')
  .refine((value) => Number(value) >= 0.01, 'must be at least "0.01"')
  .meta({ description: 'Cores, at most those of the machine.', examples: ['0.5'] });

const memoryLimit = z
  .string()
  .regex(/^\d{1,15}[bkmg]?$/i, 'must be a number with a unit b, k, m or g, such as "512m"')
  .refine((value) => parseMemory(value) >= 6 * 1024 ** 2, 'must be at least "6m"')
  .meta({ description: 'Memory, at most that of the machine.', examples: ['512m'] });

/** `"512m"` in bytes; a number without a unit is bytes. */
export function parseMemory(text: string): number {
  const unit = text.slice(-1).toLowerCase();
  const power = 'bkmg'.indexOf(unit);
  return power < 0 ? Number(text) : Number(text.slice(0, -1)) * 1024 ** power;
}

const healthCheckPath = z
  .string()
  .max(1024)
  .regex(/^\/[!-~]*$/, 'must start with "/" and be ASCII without spaces')
  .meta({
    description: 'Must answer 2xx or 3xx. Without it, any answer of `/` below 500 will do.',
    examples: ['/health'],
  });

export const deployment = z
  .object({
    id,
    project_id: id,
    name: z.string(),
    port: z.int(),
    status: deploymentStatus,
    status_reason: z.string().nullable().meta({
      description: 'Why it is so, and what to do about it; also why the last release failed.',
    }),
    failure_code: failureCode.nullable(),
    stage: z.string().nullable().meta({ description: 'What is being done right now.' }),
    container_id: z
      .string()
      .nullable()
      .meta({ examples: ['abc123def456'] }),
    process_id: z.int().nullable().meta({ description: 'In the process runtime.' }),
    url: z.string().meta({ examples: ['http://localhost:8090'] }),
    health_check_url: z.string(),
    domains: z
      .array(z.string())
      .meta({ description: 'The names that it is visited under beside `url`.' }),
    environment: z.record(z.string(), z.string()),
    secret_names: z
      .array(z.string())
      .meta({ description: 'Which secrets are set. Their values are never shown.' }),
    volumes: z
      .array(z.object({ name: z.string(), path: z.string() }))
      .meta({ description: 'What it keeps, and where.' }),
    cpu_limit: z.string().nullable(),
    memory_limit: z.string().nullable(),
    limits_enforced: z.boolean().nullable().meta({
      description: 'Whether the runtime enforces the limits; `null`: none are set.',
    }),
    runtime: runtimeName.nullable().meta({ description: '`null`: not chosen yet.' }),
    image: z.string().nullable().meta({ description: 'What was built and is run.' }),
    revision: z.int().meta({ description: 'Of the release that serves, else of the newest.' }),
    restarts: z
      .int()
      .meta({ description: 'How often it crashed and was, or is now being, restarted.' }),
    created_at: timestamp,
    updated_at: timestamp,
    started_at: timestamp.nullable(),
    stopped_at: timestamp.nullable(),
    observed_at: timestamp.nullable().meta({ description: 'When the runtime was last looked at.' }),
  })
  .meta({ id: 'Deployment', description: 'A project that runs on a port.' });

export type Deployment = z.infer<typeof deployment>;

const accepted = z.object({ message, id });
const action = z.object({ message, id, status: deploymentStatus });
const tag = 'Deployments';

export const deployments = {
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/deployments',
    tag,
    summary: 'List deployments',
    description: 'Newest first. All filters given must match.',
    scope: 'deployments:read',
    query: z.strictObject({
      ...pageQuery,
      status: deploymentStatus.optional().meta({ description: 'Only those that are so.' }),
      project_id: id.optional().meta({ description: 'Only those of this project.' }),
      name: name.optional().meta({ description: 'Only those of exactly this name.' }),
      port: port.optional().meta({ description: 'Only the one on this port.' }),
    }),
    status: 200,
    response: deployment,
    list: true,
    errors: [],
  }),
  deploy: defineEndpoint({
    method: 'POST',
    path: '/api/v1/deploy',
    tag,
    summary: 'Deploy a project on a port',
    description: `Builds the project’s directory, starts it, waits until it is healthy, and routes the port to it. Answers as soon as the deployment is durable; follow it at \`GET /api/v1/deployments/{id}\`.

The same project and name again is a redeploy: a new revision, put in place of the old one without dropping a request once it is healthy; what the body leaves out stays as it was. With \`dry_run\` nothing is deployed: the answer is the plan, with status 200.`,
    scope: 'deployments:write',
    query: z.strictObject({
      dry_run: z
        .boolean()
        .default(false)
        .meta({ description: '`true`: only show how it would be built and started.' }),
    }),
    body: z.strictObject({
      project_id: id,
      name: name.optional().meta({ description: 'By default made from the project’s name.' }),
      port: port.optional(),
      environment: environment.optional(),
      secrets: secrets.optional(),
      cpu_limit: cpuLimit.nullable().optional(),
      memory_limit: memoryLimit.nullable().optional(),
      health_check_path: healthCheckPath.nullable().optional(),
      root: appRoot.nullable().optional(),
      volumes: volumeMounts
        .nullable()
        .optional()
        .meta({ description: '`null`: those that the project’s `borgos.json` names.' }),
    }),
    status: 202,
    otherStatus: 200,
    response: z.union([accepted, deployPlan]),
    errors: [
      'NOT_FOUND',
      'PORT_IN_USE',
      'PROJECT_PATH_MISSING',
      'PROJECT_PATH_NOT_ALLOWED',
      'LIMIT_UNAVAILABLE',
      'STACK_NOT_FOUND',
      'DEPLOYMENT_EXISTS',
      'CONFLICT',
    ],
  }),
  get: defineEndpoint({
    method: 'GET',
    path: '/api/v1/deployments/{id}',
    tag,
    summary: 'Read a deployment',
    description: 'Its state as last observed.',
    scope: 'deployments:read',
    params: idParams,
    status: 200,
    response: deployment,
    errors: ['NOT_FOUND'],
  }),
  stop: defineEndpoint({
    method: 'POST',
    path: '/api/v1/deployments/{id}/stop',
    tag,
    summary: 'Stop a deployment',
    description:
      'Takes no new requests, lets those in flight end, stops the app. The port stays reserved for it.',
    scope: 'deployments:write',
    params: idParams,
    status: 200,
    response: action,
    errors: ['NOT_FOUND', 'CONFLICT', 'DEPLOYMENT_FAILED'],
  }),
  start: defineEndpoint({
    method: 'POST',
    path: '/api/v1/deployments/{id}/start',
    tag,
    summary: 'Start a stopped deployment',
    description: 'Starts the newest revision that was built; one that runs is left as it is.',
    scope: 'deployments:write',
    params: idParams,
    status: 200,
    response: action,
    errors: ['NOT_FOUND', 'CONFLICT', 'PORT_IN_USE', 'DEPLOYMENT_FAILED'],
  }),
  restart: defineEndpoint({
    method: 'POST',
    path: '/api/v1/deployments/{id}/restart',
    tag,
    summary: 'Restart a deployment',
    description:
      'Starts the same revision anew, switches to it when it is healthy, then stops the old one: no request is dropped.',
    scope: 'deployments:write',
    params: idParams,
    status: 200,
    response: action,
    errors: ['NOT_FOUND', 'CONFLICT', 'PORT_IN_USE', 'DEPLOYMENT_FAILED'],
  }),
  cancel: defineEndpoint({
    method: 'POST',
    path: '/api/v1/deployments/{id}/cancel',
    tag,
    summary: 'Cancel the release that is under way',
    description:
      'Ends what is being built or started. The release that serves goes on as it is; where none does, the deployment is stopped. With nothing under way, nothing is done.',
    scope: 'deployments:write',
    params: idParams,
    status: 200,
    response: action,
    errors: ['NOT_FOUND', 'CONFLICT', 'DEPLOYMENT_FAILED'],
  }),
  rollback: defineEndpoint({
    method: 'POST',
    path: '/api/v1/deployments/{id}/rollback',
    tag,
    summary: 'Roll a deployment back',
    description:
      'Makes a new revision that repeats an older one: its kept build, with its environment, secrets and limits. Nothing is built, and the project’s directory need not be there. Switches to it when it is healthy, then stops what served: no request is dropped.',
    scope: 'deployments:write',
    params: idParams,
    body: z.strictObject({
      revision: revisionNumber.optional().meta({
        description:
          'Which to go back to; by default the last that served before the one that does.',
      }),
    }),
    status: 200,
    response: action.extend({
      revision: revisionNumber.meta({ description: 'The new one.' }),
    }),
    errors: ['NOT_FOUND', 'CONFLICT', 'PORT_IN_USE', 'DEPLOYMENT_FAILED'],
  }),
  ...history,
  delete: defineEndpoint({
    method: 'DELETE',
    path: '/api/v1/deployments/{id}',
    tag,
    summary: 'Delete a deployment',
    description:
      'Stops it and removes its containers, images, logs and port reservation. The project’s directory stays as it is. So do its volumes: the answer names those that remain.',
    scope: 'deployments:write',
    params: idParams,
    status: 200,
    response: z.object({
      message,
      id,
      volumes: z.array(z.object({ id, name: z.string() })).meta({
        description: 'What is kept; `DELETE /api/v1/volumes/{id}` deletes it.',
      }),
    }),
    errors: ['NOT_FOUND', 'DEPLOYMENT_FAILED'],
  }),
  ...deploymentLogs,
};
