import { z } from 'zod';
import { taskStatus } from './agent-tasks.ts';
import { defineEndpoint } from './endpoint.ts';
import { id, idParams, message } from './fields.ts';

const count = z.int().min(0);
const hash = z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/, 'must be a hash of git');

export const taskDiff = z
  .object({
    task_id: id,
    branch: z.string(),
    base_branch: z.string().nullable().meta({ description: 'What it would be merged into.' }),
    base_commit: z.string(),
    tree: z.string().meta({
      description: 'What this is a look at: given to `approve`, nothing else is approved.',
    }),
    files_changed: count,
    additions: count,
    deletions: count,
    truncated: z.boolean().meta({ description: 'Something of it is left out, as it is too long.' }),
    files: z
      .array(
        z.object({
          path: z.string(),
          old_path: z.string().nullable().meta({ description: 'Of a file that was renamed.' }),
          status: z.enum(['added', 'modified', 'deleted', 'renamed']),
          additions: count,
          deletions: count,
          is_binary: z.boolean(),
          is_truncated: z.boolean(),
          hunks: z.array(
            z.object({
              old_start: count,
              old_lines: count,
              new_start: count,
              new_lines: count,
              text: z.string().meta({ description: 'Lines with ` `, `+` or `-` before each.' }),
            }),
          ),
        }),
      )
      .max(1_000),
  })
  .meta({ id: 'AgentTaskDiff', description: 'What a task has changed.' });

export type TaskDiff = z.infer<typeof taskDiff>;

const tag = 'Agents';
const reviewed = z.object({
  message,
  task_id: id,
  branch: z.string().nullable().meta({ description: 'Where its changes are kept, if they are.' }),
  commit: z.string().nullable().meta({ description: 'With them in it.' }),
});

export const agentReviews = {
  diff: defineEndpoint({
    method: 'GET',
    path: '/api/v1/agent/tasks/{id}/diff',
    tag,
    summary: 'Read what a task has changed',
    description:
      'Everything in its worktree that differs from where it began, committed or not; what git ignores is left out. Up to 1 MB and 1000 files of it.',
    scope: 'agents:read',
    params: idParams,
    status: 200,
    response: taskDiff,
    errors: ['NOT_FOUND', 'CONFLICT'],
  }),
  approve: defineEndpoint({
    method: 'POST',
    path: '/api/v1/agent/tasks/{id}/approve',
    tag,
    summary: 'Approve what a task has changed',
    description:
      'Commits it on the branch of the task, and merges that into the branch that it began on. A checkout with changes of yours is never touched, and where both sides have changed the same it is 409: then nothing has changed. With `merge: false` the branch is kept for you.',
    scope: 'agents:write',
    params: idParams,
    body: z.strictObject({
      merge: z.boolean().default(true),
      tree: hash.optional().meta({ description: 'Of the diff that was looked at.' }),
      message: z.string().min(1).max(5_000).optional().meta({ description: 'Of the commit.' }),
    }),
    status: 200,
    response: reviewed,
    errors: ['NOT_FOUND', 'CONFLICT'],
  }),
  reject: defineEndpoint({
    method: 'POST',
    path: '/api/v1/agent/tasks/{id}/reject',
    tag,
    summary: 'Reject what a task has changed',
    description:
      'Removes its worktree. What was changed is kept on its branch, unless `delete_branch` says otherwise.',
    scope: 'agents:write',
    params: idParams,
    body: z.strictObject({ delete_branch: z.boolean().default(false) }),
    status: 200,
    response: reviewed,
    errors: ['NOT_FOUND', 'CONFLICT'],
  }),
  comment: defineEndpoint({
    method: 'POST',
    path: '/api/v1/agent/tasks/{id}/comment',
    tag,
    summary: 'Tell an agent what to do otherwise',
    description:
      'Goes on with the session of a task that has ended, in the same worktree, as its next attempt. 409 where the agent cannot.',
    scope: 'agents:write',
    params: idParams,
    body: z.strictObject({ comment: z.string().min(1).max(32_000) }),
    status: 202,
    response: z.object({ message, task_id: id, status: taskStatus }),
    errors: ['NOT_FOUND', 'CONFLICT'],
  }),
};
