import { z } from 'zod';
import { defineEndpoint } from './endpoint.ts';
import { id, idParams, longId, message, printable, timestamp } from './fields.ts';
import { pageQuery } from './page.ts';

export const severity = z
  .enum(['debug', 'info', 'warning', 'error', 'critical'])
  .meta({ id: 'Severity', description: 'How bad it is.' });

export type Severity = z.infer<typeof severity>;

const errorType = z
  .string()
  .min(1)
  .max(200)
  .regex(printable, 'must have no control characters')
  .meta({ description: 'What kind of error: a class, or a word.', examples: ['validation'] });

const context = z
  .record(z.string(), z.unknown())
  .meta({ description: 'Whatever else is known. Passwords and tokens in it are blacked out.' });

/** How many errors one request may log. */
export const mostErrors = 1000;

export const newError = z
  .strictObject({
    project_id: id.nullish().meta({ description: 'The project it happened in.' }),
    deployment_id: id.nullish().meta({ description: 'The deployment, if it was one.' }),
    error_type: errorType.default('error'),
    severity: severity.default('error'),
    message: z
      .string()
      .min(1)
      .meta({ description: 'For a person. Of a longer one 8,192 characters are kept.' }),
    stack_trace: z
      .string()
      .nullish()
      .meta({ description: 'As the language prints it. Of a longer one 64 KB are kept.' }),
    context: context.nullish().meta({ description: 'An object. At most 32 KB of it are kept.' }),
    occurred_at: timestamp
      .optional()
      .meta({ description: 'By default now; what is in the future counts as now.' }),
    fingerprint: z
      .array(z.string().max(500))
      .min(1)
      .max(10)
      .optional()
      .meta({ description: 'Errors with the same one are one group, whatever they say.' }),
  })
  .meta({ id: 'NewError', description: 'An error to be logged.' });

export type NewError = z.output<typeof newError>;

export const loggedError = z
  .object({
    id: longId,
    project_id: id.nullable(),
    project_name: z.string().nullable(),
    deployment_id: id.nullable(),
    deployment_name: z.string().nullable(),
    group_id: id.meta({ description: 'What it is an occurrence of.' }),
    fingerprint: z.string().meta({ description: 'Of the group.' }),
    error_type: z.string(),
    severity,
    message: z.string(),
    stack_trace: z.string().nullable(),
    context,
    occurred_at: timestamp,
    resolved_at: timestamp
      .nullable()
      .meta({ description: 'When its group was resolved after it had occurred.' }),
  })
  .meta({ id: 'LoggedError', description: 'Something that went wrong, once.' });

export type LoggedError = z.infer<typeof loggedError>;

export const groupStatus = z.enum(['open', 'resolved', 'ignored']).meta({
  id: 'ErrorGroupStatus',
  description:
    '`open`: somebody should look; `resolved`: it is mended, and is `open` again when it comes back; `ignored`: nobody is told.',
});

export const errorGroup = z
  .object({
    id,
    project_id: id.nullable(),
    project_name: z.string().nullable(),
    fingerprint: z.string().meta({ description: 'What is the same of all of them, as a hash.' }),
    error_type: z.string(),
    title: z.string().meta({ description: 'One line, to recognise it by.' }),
    culprit: z
      .string()
      .nullable()
      .meta({
        description: 'The place in the project’s own code.',
        examples: ['app/db.py:42 in connect'],
      }),
    severity: severity.meta({ description: 'Of the newest.' }),
    message: z.string().meta({ description: 'Of the newest.' }),
    status: groupStatus,
    count: z.int().meta({ description: 'How many of them are kept.' }),
    first_seen: timestamp,
    last_seen: timestamp,
    sparkline: z.array(z.int()).length(24).meta({
      description: 'How many there were in each of the last 24 hours, the current one last.',
    }),
    grouped_by: z
      .object({
        by: z.enum(['given', 'stack', 'message']),
        parts: z.array(z.string()),
      })
      .meta({ description: 'Why these are one group: what the fingerprint was made of.' }),
    resolved_at: timestamp.nullable(),
    ignored_until: timestamp
      .nullable()
      .meta({ description: '`null` with the status `ignored`: for good.' }),
    regressed_at: timestamp
      .nullable()
      .meta({ description: 'When it last came back after it was resolved.' }),
  })
  .meta({ id: 'ErrorGroup', description: 'Errors that have the same cause.' });

export type ErrorGroup = z.infer<typeof errorGroup>;

const severities = z
  .array(severity)
  .max(5)
  .optional()
  .meta({ description: 'Only these, separated by commas.', examples: [['error', 'critical']] });

const text = z
  .string()
  .min(1)
  .max(200)
  .regex(printable, 'must have no control characters')
  .optional()
  .meta({
    description:
      'Only those with all of these words in the type or the message; the last may be the beginning of one.',
  });

const tag = 'Errors';

export const errors = {
  create: defineEndpoint({
    method: 'POST',
    path: '/api/v1/errors',
    tag,
    summary: 'Log an error',
    description:
      'Or an array of up to 1,000 of them, which are all logged or none. When it answers, they are durable.',
    scope: 'errors:write',
    body: newError,
    mostItems: mostErrors,
    status: 200,
    response: z.object({
      message,
      ids: z.array(longId).meta({ description: 'In the order in which they were given.' }),
    }),
    errors: ['NOT_FOUND'],
  }),
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/errors',
    tag,
    summary: 'List errors',
    description:
      'Newest first. All filters given must match. With `text` no more than 10,000 are counted.',
    scope: 'errors:read',
    query: z.strictObject({
      ...pageQuery,
      severity: severities,
      project_id: id.optional().meta({ description: 'Only those of this project.' }),
      deployment_id: id.optional().meta({ description: 'Only those of this deployment.' }),
      group_id: id.optional().meta({ description: 'Only the occurrences of this group.' }),
      error_type: errorType.optional(),
      text,
      since: timestamp.optional().meta({ description: 'Only what was not before.' }),
      until: timestamp.optional().meta({ description: 'Only what was before.' }),
      resolved: z
        .boolean()
        .optional()
        .meta({ description: 'Only those that are resolved, or that are not.' }),
    }),
    status: 200,
    response: loggedError,
    list: true,
    errors: [],
  }),
  get: defineEndpoint({
    method: 'GET',
    path: '/api/v1/errors/{id}',
    tag,
    summary: 'Read an error',
    description: 'One occurrence.',
    scope: 'errors:read',
    params: z.strictObject({ id: longId.meta({ description: 'The error’s id.' }) }),
    status: 200,
    response: loggedError,
    errors: ['NOT_FOUND'],
  }),
  dsn: defineEndpoint({
    method: 'GET',
    path: '/api/v1/projects/{id}/dsn',
    tag,
    summary: 'Read the DSN of a project',
    description:
      'Give it to any Sentry SDK as it is, and what the SDK catches is logged here. Who knows it can log errors of this project, and do nothing else.',
    scope: 'errors:read',
    params: idParams,
    status: 200,
    response: z.object({
      dsn: z.string().meta({ examples: ['http://9f2c…@localhost:8081/1'] }),
      public_key: z.string(),
    }),
    errors: ['NOT_FOUND'],
  }),
  rotateDsn: defineEndpoint({
    method: 'POST',
    path: '/api/v1/projects/{id}/dsn/rotate',
    tag,
    summary: 'Replace the DSN of a project',
    description: 'The former one is refused from now on.',
    scope: 'errors:write',
    params: idParams,
    status: 200,
    response: z.object({ dsn: z.string(), public_key: z.string() }),
    errors: ['NOT_FOUND'],
  }),
};

export const errorGroups = {
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/errors/groups',
    tag,
    summary: 'List groups of errors',
    description: 'Errors that have the same cause; what occurred last is first.',
    scope: 'errors:read',
    query: z.strictObject({
      ...pageQuery,
      status: groupStatus.optional().meta({ description: 'Only those that are so.' }),
      severity: severities,
      project_id: id.optional().meta({ description: 'Only those of this project.' }),
      error_type: errorType.optional(),
      text,
      since: timestamp.optional().meta({ description: 'Only what was seen since then.' }),
    }),
    status: 200,
    response: errorGroup,
    list: true,
    errors: [],
  }),
  get: defineEndpoint({
    method: 'GET',
    path: '/api/v1/errors/groups/{id}',
    tag,
    summary: 'Read a group of errors',
    description: 'Its occurrences are at `GET /api/v1/errors?group_id=…`.',
    scope: 'errors:read',
    params: idParams,
    status: 200,
    response: errorGroup,
    errors: ['NOT_FOUND'],
  }),
  resolve: defineEndpoint({
    method: 'POST',
    path: '/api/v1/errors/groups/{id}/resolve',
    tag,
    summary: 'Say that the cause is mended',
    description: 'When it occurs again the group is open again, and everybody is told.',
    scope: 'errors:write',
    params: idParams,
    status: 200,
    response: errorGroup,
    errors: ['NOT_FOUND'],
  }),
  ignore: defineEndpoint({
    method: 'POST',
    path: '/api/v1/errors/groups/{id}/ignore',
    tag,
    summary: 'Ask not to be told of it',
    description: 'It is still logged and counted, but no webhook is sent.',
    scope: 'errors:write',
    params: idParams,
    body: z.strictObject({
      until: timestamp.nullish().meta({ description: 'By default for good.' }),
    }),
    status: 200,
    response: errorGroup,
    errors: ['NOT_FOUND'],
  }),
  reopen: defineEndpoint({
    method: 'POST',
    path: '/api/v1/errors/groups/{id}/reopen',
    tag,
    summary: 'Open a group again',
    description: 'One that was resolved or ignored.',
    scope: 'errors:write',
    params: idParams,
    status: 200,
    response: errorGroup,
    errors: ['NOT_FOUND'],
  }),
};
