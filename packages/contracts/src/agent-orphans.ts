import { z } from 'zod';
import { defineEndpoint } from './endpoint.ts';
import { id, message } from './fields.ts';

const key = z
  .string()
  .regex(
    /^(?:run|worktree)-[a-z0-9-]{1,200}$/,
    'must be the key of an orphan, such as run-borgos-43-1',
  )
  .meta({ description: 'Of `GET /api/v1/agent/orphans`.' });

export const orphan = z
  .object({
    key: z.string(),
    kind: z.enum(['run', 'worktree']).meta({
      description: '`run`: an agent works that nobody waits for; `worktree`: a folder.',
    }),
    description: z.string().meta({ examples: ['process 4711 of task 43'] }),
    task_id: id.nullable(),
    path: z.string().nullable(),
    is_dirty: z.boolean().nullable().meta({ description: 'Something in it is in no commit.' }),
  })
  .meta({ id: 'AgentOrphan', description: 'What a task has left that nobody looks after.' });

export type Orphan = z.infer<typeof orphan>;

const tag = 'Agents';

export const agentOrphans = {
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/agent/orphans',
    tag,
    summary: 'List what tasks have left',
    description: 'Looked for at the start of BorgOS, too. Nothing of it is removed by itself.',
    scope: 'agents:read',
    status: 200,
    response: z.array(orphan),
    errors: [],
  }),
  remove: defineEndpoint({
    method: 'DELETE',
    path: '/api/v1/agent/orphans/{key}',
    tag,
    summary: 'Remove what a task has left',
    description:
      'Ends a run, or removes a worktree. One with changes that are in no commit is removed only with `discard_changes`.',
    scope: 'agents:write',
    params: z.strictObject({ key }),
    query: z.strictObject({
      discard_changes: z
        .boolean()
        .default(false)
        .meta({ description: 'Also when something in it is in no commit.' }),
    }),
    status: 200,
    response: z.object({ message }),
    errors: ['NOT_FOUND', 'CONFLICT'],
  }),
};
