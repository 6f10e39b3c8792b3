import { z } from 'zod';
import { newTask } from './agent-tasks.ts';
import { defineEndpoint } from './endpoint.ts';
import { id, idParams, message, printable, timestamp } from './fields.ts';
import { pageQuery } from './page.ts';
import { webhookEventNames } from './webhook-events.ts';

const name = z.string().trim().min(1).max(100).regex(printable, 'must have no control characters');
const cron = z
  .string()
  .min(1)
  .max(100)
  .regex(printable, 'must have no control characters')
  .meta({ description: 'Minute, hour, day, month, weekday.', examples: ['0 3 * * 1-5'] });
const timezone = z
  .string()
  .min(1)
  .max(60)
  .regex(printable, 'must have no control characters')
  .meta({
    description: 'Of `cron`, as the time zone database names it.',
    examples: ['Europe/Berlin'],
  });
const trigger = z
  .strictObject({
    event: z.enum(webhookEventNames).meta({ description: 'As webhooks name it.' }),
    project_id: id.nullish().meta({ description: 'Only in this project.' }),
  })
  .meta({
    id: 'AgentTrigger',
    description: 'The task gets the event as `event` in its `input_data`.',
  });
const mostPerHour = z.int().min(1).max(1_000).meta({
  description: 'What would be more is skipped, and counted in `skipped`.',
});

export const schedule = z
  .object({
    id,
    name: z.string(),
    is_active: z.boolean(),
    cron: z.string().nullable(),
    timezone: z.string(),
    trigger: z
      .object({ event: z.enum(webhookEventNames), project_id: id.nullable() })
      .nullable()
      .meta({ description: 'What makes a task, if it is not the time.' }),
    most_per_hour: z.int(),
    task: newTask.meta({ description: 'What is to be done each time.' }),
    next_run_at: timestamp.nullable().meta({ description: '`null`: it waits for an event.' }),
    last_run_at: timestamp.nullable(),
    last_task_id: id.nullable(),
    last_problem: z
      .string()
      .nullable()
      .meta({ description: 'Why no task was made the last time; `null`: one was.' }),
    runs: z.int().min(0).meta({ description: 'How many tasks it has made.' }),
    skipped: z.int().min(0).meta({ description: 'How often it made none.' }),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({
    id: 'AgentSchedule',
    description: 'Makes tasks by the clock, or when something happens.',
  });

export type Schedule = z.infer<typeof schedule>;

export const newSchedule = z.strictObject({
  name,
  is_active: z.boolean().default(true),
  cron: cron.nullish().meta({ description: 'Either this or `trigger`.' }),
  timezone: timezone.default('UTC'),
  trigger: trigger.nullish(),
  most_per_hour: mostPerHour.default(6),
  task: newTask,
});

export type NewSchedule = z.output<typeof newSchedule>;

const tag = 'Agents';
const problems = [
  'NOT_FOUND',
  'AGENT_UNKNOWN',
  'PERMISSIONS_UNSUPPORTED',
  'BUDGET_UNSUPPORTED',
  'PRICE_UNKNOWN',
  'PROJECT_PATH_MISSING',
  'PROJECT_PATH_NOT_ALLOWED',
  'PROJECT_NOT_A_REPOSITORY',
] as const;

export const agentSchedules = {
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/agent/schedules',
    tag,
    summary: 'List schedules',
    description: 'Newest first.',
    scope: 'agents:read',
    query: z.strictObject(pageQuery),
    status: 200,
    response: schedule,
    list: true,
    errors: [],
  }),
  get: defineEndpoint({
    method: 'GET',
    path: '/api/v1/agent/schedules/{id}',
    tag,
    summary: 'Read a schedule',
    description: 'When it makes its next task, and what it made last.',
    scope: 'agents:read',
    params: idParams,
    status: 200,
    response: schedule,
    errors: ['NOT_FOUND'],
  }),
  create: defineEndpoint({
    method: 'POST',
    path: '/api/v1/agent/schedules',
    tag,
    summary: 'Make tasks by the clock or by an event',
    description:
      'With `cron` a task is made each time it is due; one that was missed while BorgOS did not run is made up for once, and none is made while the last one has not ended. With `trigger` one is made for each such event, as `error.new` of a project, but for one error group or deployment only one at a time. Tasks that events of tasks lead to go three deep at most, and a schedule never follows its own tasks.',
    scope: 'agents:write',
    body: newSchedule,
    status: 201,
    response: schedule,
    errors: [...problems, 'CONFLICT'],
  }),
  update: defineEndpoint({
    method: 'PATCH',
    path: '/api/v1/agent/schedules/{id}',
    tag,
    summary: 'Change a schedule',
    description: 'What is left out stays. Tasks that it has made stay as they are.',
    scope: 'agents:write',
    params: idParams,
    body: z.strictObject({
      name: name.optional(),
      is_active: z.boolean().optional(),
      cron: cron.optional(),
      timezone: timezone.optional(),
      trigger: trigger.optional(),
      most_per_hour: mostPerHour.optional(),
      task: newTask.optional(),
    }),
    status: 200,
    response: schedule,
    errors: problems,
  }),
  delete: defineEndpoint({
    method: 'DELETE',
    path: '/api/v1/agent/schedules/{id}',
    tag,
    summary: 'Delete a schedule',
    description: 'Its tasks stay.',
    scope: 'agents:write',
    params: idParams,
    status: 200,
    response: z.object({ message }),
    errors: ['NOT_FOUND'],
  }),
};
