import { z } from 'zod';
import { defineEndpoint } from './endpoint.ts';
import { id, idParams, message, timestamp } from './fields.ts';
import { pageQuery } from './page.ts';
import { runtimeName } from './revisions.ts';

/** What Docker takes as the name of a volume, and short enough to be a part of a longer one. */
export const volumeName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
    'must be 1 to 63 of A-Z, a-z, 0-9, "_", "." and "-", and begin with a letter or digit',
  )
  .meta({ description: 'Unique in its deployment.', examples: ['data'] });

/** Folders of the system in every container, where a volume would take away what it needs. */
const reservedPaths = ['/proc', '/sys', '/dev'];

const volumePath = z
  .string()
  .max(1024)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
  .regex(/^(?:\/[^/\u0000-\u001f\u007f]+)+$/, 'must be absolute, without "/" at its end: "/data"')
  .refine(
    (path) => !path.split('/').some((part) => part === '.' || part === '..'),
    'must have no "." and no ".." in it',
  )
  .refine(
    (path) => !reservedPaths.some((reserved) => `${path}/`.startsWith(`${reserved}/`)),
    `must not lie in ${reservedPaths.join(', ')}, which belong to the system`,
  )
  .meta({ description: 'Where the app finds it in its container.', examples: ['/data'] });

const volumeMount = z.strictObject({ name: volumeName, path: volumePath });

export type VolumeMount = z.infer<typeof volumeMount>;

const mostVolumes = 20;

/** The variable in which an app is told where its volume lies: `BORGOS_VOLUME_DATA`. */
export function volumeVariable(name: string): string {
  return `BORGOS_VOLUME_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
}

export const volumeMounts = z
  .array(volumeMount)
  .max(mostVolumes, `must be at most ${mostVolumes} volumes`)
  .refine(
    (volumes) => areDistinct(volumes.map(({ name }) => volumeVariable(name))),
    'must have no two names that differ in nothing but case, "_", "." and "-"',
  )
  .refine((volumes) => areDistinct(volumes.map(({ path }) => path)), 'must have no path twice')
  .meta({
    description:
      'Folders of the app whose content is kept over redeploys and rollbacks, and deleted only by `DELETE /api/v1/volumes/{id}`. In the process runtime a folder lies elsewhere: the app is told where in `BORGOS_VOLUME_<NAME>`, which has the path in a container, too.',
    examples: [[{ name: 'data', path: '/data' }]],
  });

function areDistinct(values: string[]): boolean {
  return new Set(values).size === values.length;
}

export const volume = z
  .object({
    id,
    name: z.string(),
    project_id: id.nullable().meta({ description: '`null`: the project is gone.' }),
    project_name: z.string().meta({ description: 'As it was called when the volume was made.' }),
    deployment_id: id.nullable().meta({
      description:
        '`null`: the deployment is gone. The next one of that project and name gets the volume.',
    }),
    deployment_name: z.string(),
    runtime: runtimeName.meta({ description: 'Where its content lies; another has its own.' }),
    location: z.string().meta({
      description: 'In Docker the name of its volume, else its directory.',
      examples: ['borgos-shop-prod-3f9a1c-7-v-data'],
    }),
    size_bytes: z.int().nullable().meta({
      description: 'Of its files; `null`: to count them would take long, or BorgOS may not.',
    }),
    in_use: z.boolean().meta({
      description: 'Whether its deployment is there, running or not, and has it.',
    }),
    created_at: timestamp,
  })
  .meta({ id: 'Volume', description: 'What a deployment keeps.' });

export type Volume = z.infer<typeof volume>;

const tag = 'Volumes';

export const volumes = {
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/volumes',
    tag,
    summary: 'List volumes',
    description: 'Newest first, also those whose deployment is gone.',
    scope: 'deployments:read',
    query: z.strictObject({
      ...pageQuery,
      deployment_id: id.optional().meta({ description: 'Only those of this deployment.' }),
      project_id: id.optional().meta({ description: 'Only those of this project.' }),
    }),
    status: 200,
    response: volume,
    list: true,
    errors: [],
  }),
  delete: defineEndpoint({
    method: 'DELETE',
    path: '/api/v1/volumes/{id}',
    tag,
    summary: 'Delete a volume with all that is in it',
    description:
      'What it holds is gone for good; so its name must be repeated. One that a deployment has is refused: deploy without it, or delete the deployment, first.',
    scope: 'deployments:write',
    params: idParams,
    query: z.strictObject({
      name: volumeName.meta({
        description: 'The volume’s name, so that none is deleted by a slip.',
      }),
    }),
    status: 200,
    response: z.object({ message }),
    errors: ['NOT_FOUND', 'CONFLICT', 'UNAVAILABLE'],
  }),
};
