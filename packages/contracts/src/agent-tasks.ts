import { z } from 'zod';
import { defineEndpoint } from './endpoint.ts';
import { id, idParams, longId, message, printable, timestamp } from './fields.ts';
import { pageQuery } from './page.ts';

export const taskStatus = z
  .enum(['pending', 'running', 'completed', 'failed', 'cancelled'])
  .meta({ id: 'AgentTaskStatus', description: 'How far a task is.' });

export type TaskStatus = z.infer<typeof taskStatus>;

/** Why a task failed, for a program; `error_message` says it to a person. */
export const taskFailure = z
  .enum([
    'AGENT_FAILED',
    'AGENT_CRASHED',
    'AGENT_UNAVAILABLE',
    'INVALID_OUTPUT',
    'OUTPUT_TOO_LARGE',
    'DEADLINE_EXCEEDED',
    'BUDGET_EXCEEDED',
    'INTERRUPTED',
    'WORKTREE_FAILED',
    'INTERNAL',
  ])
  .meta({
    id: 'AgentTaskFailure',
    description:
      '`INTERRUPTED`: BorgOS ended while the agent worked, and how that went on is not known. It is not tried again by itself.',
  });

export type TaskFailure = z.infer<typeof taskFailure>;

export const permissionPolicy = z.enum(['ask', 'allow_reads', 'allow_all']).meta({
  id: 'PermissionPolicy',
  description:
    'What an agent may do without asking: nothing, to read, or everything. What it asks for is answered at `POST /api/v1/agent/approvals/{id}`; an agent that cannot ask is refused.',
});

export type PermissionPolicy = z.infer<typeof permissionPolicy>;

export const agentName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,49}$/, 'must be the name of an agent, such as agent-zero')
  .meta({ description: 'Which agent: one of `GET /api/v1/agents`.', examples: ['agent-zero'] });

const taskType = z
  .string()
  .min(1)
  .max(100)
  .regex(printable, 'must have no control characters')
  .meta({ description: 'What kind of work, in a word of yours.', examples: ['automation'] });

/** How much JSON the input of a task may be, in bytes. */
export const mostInputBytes = 65_536;

const inputData = z
  .record(z.string().max(200), z.unknown())
  .refine(
    (value) => JSON.stringify(value).length <= mostInputBytes,
    `must be at most ${mostInputBytes} bytes of JSON`,
  )
  .meta({
    description:
      'Whatever the agent needs to know. What `error_id`, `error_group_id` or `deployment_id` in it name (for a deployment: its last log lines) is looked up and shown to the agent.',
    examples: [{ log_paths: ['/var/log/app.log'], alert_threshold: 5 }],
  });

const count = z.int().min(0);
const dollars = z.number().min(0);

export const newTask = z
  .strictObject({
    project_id: id.nullish().meta({
      description: 'The project to work on; without one the agent gets an empty folder.',
    }),
    agent_type: agentName,
    task_type: taskType.default('task'),
    description: z
      .string()
      .min(1)
      .max(4_000)
      .meta({ description: 'What is to be done, for a person and for the agent.' }),
    prompt: z
      .string()
      .min(1)
      .max(32_000)
      .nullish()
      .meta({ description: 'What the agent is told in place of the description.' }),
    priority: z
      .int()
      .min(-1_000)
      .max(1_000)
      .default(1)
      .meta({ description: 'A larger number runs sooner.' }),
    input_data: inputData.nullish(),
    model: z
      .string()
      .min(1)
      .max(200)
      .regex(printable, 'must have no control characters')
      .nullish()
      .meta({ description: 'For agents that let one choose; by default theirs.' }),
    permission_policy: permissionPolicy.optional().meta({
      description: 'By default `ask`, and `allow_reads` for an agent that cannot ask.',
    }),
    deadline_seconds: z
      .int()
      .min(1)
      .max(86_400)
      .default(3_600)
      .meta({ description: 'An attempt that takes longer is ended.' }),
    max_tokens: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .nullish()
      .meta({ description: 'It is ended before it uses more, input and output together.' }),
    max_cost_usd: z
      .number()
      .positive()
      .max(100_000)
      .nullish()
      .meta({ description: 'It is ended before it costs more. Needs a model with known prices.' }),
  })
  .meta({ id: 'NewAgentTask', description: 'Work for an agent.' });

export type NewTask = z.output<typeof newTask>;

export const taskUsage = z
  .object({
    input_tokens: count,
    output_tokens: count,
    cost_usd: dollars.nullable().meta({ description: '`null`: its price is not known.' }),
  })
  .meta({
    id: 'AgentTaskUsage',
    description: 'What all attempts have used, as the agent told it.',
  });

export type TaskUsage = z.infer<typeof taskUsage>;

export const reviewStatus = z
  .enum(['none', 'awaiting', 'approved', 'rejected'])
  .meta({ description: '`none`: there is nothing to review; `awaiting`: its changes wait.' });

export const agentTask = z
  .object({
    id,
    project_id: id.nullable(),
    agent_type: z.string(),
    task_type: z.string(),
    description: z.string(),
    prompt: z.string().nullable(),
    status: taskStatus,
    status_reason: z
      .string()
      .nullable()
      .meta({ description: 'What a pending task waits for, if it is more than its turn.' }),
    priority: z.int(),
    input_data: z.record(z.string(), z.unknown()),
    output_data: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({ description: 'What came of it: `text`, and whatever else the agent gives.' }),
    error_code: taskFailure.nullable(),
    error_message: z.string().nullable(),
    model: z.string().nullable(),
    permission_policy: permissionPolicy,
    deadline_seconds: z.int(),
    max_tokens: z.int().nullable(),
    max_cost_usd: dollars.nullable(),
    usage: taskUsage,
    attempt: count.meta({ description: 'The number of the newest attempt; 0: not begun.' }),
    external_ref: z
      .string()
      .nullable()
      .meta({ description: 'The newest attempt, as the agent’s side knows it.' }),
    last_seq: count.meta({ description: 'The `seq` of its newest event; 0: there is none.' }),
    branch: z
      .string()
      .nullable()
      .meta({ description: 'Where its changes are.', examples: ['borgos/task-43'] }),
    review: reviewStatus,
    cancel_requested: z.boolean().meta({ description: 'It is being ended.' }),
    schedule_id: id.nullable().meta({ description: 'Of the schedule that made it.' }),
    created_at: timestamp,
    started_at: timestamp.nullable().meta({ description: 'Of the newest attempt.' }),
    completed_at: timestamp.nullable().meta({ description: 'When it ended, however it did.' }),
    duration_ms: count.nullable().meta({ description: 'Of the newest attempt, so far.' }),
  })
  .meta({ id: 'AgentTask', description: 'Work for an agent, and what came of it.' });

export type AgentTask = z.infer<typeof agentTask>;

export const taskEventType = z.enum([
  'status',
  'message',
  'thought',
  'tool_call',
  'tool_update',
  'permission',
  'permission_answer',
  'plan',
  'usage',
  'progress',
  'comment',
  'error',
]);

export const taskEvent = z
  .object({
    task_id: id,
    seq: longId.meta({ description: 'From 1, without a gap.' }),
    attempt: count,
    type: taskEventType,
    data: z
      .record(z.string(), z.unknown())
      .meta({ description: 'By its type. Texts are cut at 16 KB; secrets are taken out.' }),
    created_at: timestamp,
  })
  .meta({ id: 'AgentTaskEvent', description: 'Something that happened while an agent worked.' });

export type TaskEvent = z.infer<typeof taskEvent>;

const tag = 'Agents';
const answer = z.object({ message, task_id: id, status: taskStatus });

export const agentTasks = {
  create: defineEndpoint({
    method: 'POST',
    path: '/api/v1/agent/task',
    tag,
    summary: 'Give an agent a task',
    description:
      'It is queued durably and begun when its turn comes: `GET /api/v1/agent/tasks/{id}`. With a project the agent works in a git worktree of its own, on the branch `borgos/task-<id>`. A task whose agent is not there waits; at most 10,000 do. Tasks are kept for 90 days after their end.',
    scope: 'agents:write',
    body: newTask,
    status: 202,
    response: z.object({ message, task_id: id }),
    errors: [
      'NOT_FOUND',
      'AGENT_UNKNOWN',
      'PERMISSIONS_UNSUPPORTED',
      'BUDGET_UNSUPPORTED',
      'PRICE_UNKNOWN',
      'PROJECT_PATH_MISSING',
      'PROJECT_PATH_NOT_ALLOWED',
      'PROJECT_NOT_A_REPOSITORY',
      'CONFLICT',
    ],
  }),
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/agent/tasks',
    tag,
    summary: 'List tasks of agents',
    description: 'In the order in which they run: highest priority first, then the oldest.',
    scope: 'agents:read',
    query: z.strictObject({
      ...pageQuery,
      status: taskStatus.optional().meta({ description: 'Only those that are so.' }),
      agent_type: agentName.optional().meta({ description: 'Only those of this agent.' }),
      project_id: id.optional().meta({ description: 'Only those of this project.' }),
    }),
    status: 200,
    response: agentTask,
    list: true,
    errors: [],
  }),
  get: defineEndpoint({
    method: 'GET',
    path: '/api/v1/agent/tasks/{id}',
    tag,
    summary: 'Read a task',
    description: 'How far it is, or what came of it.',
    scope: 'agents:read',
    params: idParams,
    status: 200,
    response: agentTask,
    errors: ['NOT_FOUND'],
  }),
  events: defineEndpoint({
    method: 'GET',
    path: '/api/v1/agent/tasks/{id}/events',
    tag,
    summary: 'Read what happened in a task',
    description:
      'Oldest first. Who has read up to a `seq` asks with `since` for what came later; none is ever missing. The channel `tasks:<id>` of the WebSocket says that there is more.',
    scope: 'agents:read',
    params: idParams,
    query: z.strictObject({
      ...pageQuery,
      since: z.int().min(0).default(0).meta({ description: 'Only those with a greater `seq`.' }),
      type: z
        .array(taskEventType)
        .max(taskEventType.options.length)
        .optional()
        .meta({ description: 'Only these types, separated by commas.' }),
    }),
    status: 200,
    response: taskEvent,
    list: true,
    errors: ['NOT_FOUND'],
  }),
  cancel: defineEndpoint({
    method: 'POST',
    path: '/api/v1/agent/tasks/{id}/cancel',
    tag,
    summary: 'Cancel a task',
    description:
      'One that runs is ended within 2 seconds, with everything that it started; its changes stay in its worktree. One that has ended is left as it is.',
    scope: 'agents:write',
    params: idParams,
    status: 200,
    response: answer,
    errors: ['NOT_FOUND'],
  }),
  retry: defineEndpoint({
    method: 'POST',
    path: '/api/v1/agent/tasks/{id}/retry',
    tag,
    summary: 'Try a task again',
    description:
      'Queues one that failed or was cancelled for another attempt, in the same worktree: what is there already stays.',
    scope: 'agents:write',
    params: idParams,
    status: 202,
    response: answer,
    errors: ['NOT_FOUND', 'CONFLICT'],
  }),
};
