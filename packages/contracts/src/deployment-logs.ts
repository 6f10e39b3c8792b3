import { z } from 'zod';
import { defineEndpoint } from './endpoint.ts';
import { idParams, timestamp } from './fields.ts';

const offset = z
  .int()
  .min(0)
  .max(2 ** 50);

export const logEntry = z
  .object({
    offset: z
      .int()
      .meta({ description: 'Where the line begins in the log: to go on or back from.' }),
    timestamp: timestamp
      .nullable()
      .meta({ description: 'When it was printed; `null` for a line of a build.' }),
    stream: z
      .enum(['stdout', 'stderr', 'build'])
      .meta({ description: 'Where it was printed to; `build`: by a build.' }),
    revision: z.int().meta({ description: 'Of which revision it is.' }),
    generation: z
      .int()
      .nullable()
      .meta({ description: 'Of which start of the app it is; `null` for a line of a build.' }),
    text: z.string().meta({
      description:
        'Without the line end, with ANSI codes as they were printed; what is no UTF-8 is U+FFFD.',
      examples: ['listening on 3000'],
    }),
    continues: z.literal(true).optional().meta({
      description:
        'The line goes on in the next one of the same stream and generation: it is over 16 KiB, or was not ended soon.',
    }),
  })
  .meta({ id: 'LogLine', description: 'A line that a deployment printed.' });

export type LogEntry = z.infer<typeof logEntry>;

const logGap = z
  .object({
    gap: z.object({
      offset: z.int().meta({ description: 'Where the reader was.' }),
      next_offset: z.int().meta({ description: 'Where it goes on.' }),
    }),
  })
  .meta({ description: 'What is between the two was removed before it was read.' });

const deploymentLog = z
  .object({
    stream: z.enum(['app', 'stdout', 'stderr', 'build']),
    revision: z
      .int()
      .nullable()
      .meta({ description: 'Of which build, or as asked for; `null`: of all revisions.' }),
    content: z.string().meta({ description: 'The lines as text.' }),
    lines: z
      .array(logEntry)
      .optional()
      .meta({ description: 'The same one by one; with `query` or `lines` only.' }),
    offset: z.int().meta({ description: 'The oldest place that was looked at.' }),
    next_offset: z.int().meta({
      description: 'Where to read on; with `order=newest`, where to search on, further back.',
    }),
    truncated: z.boolean().meta({
      description:
        'There is more to read or search at `next_offset`: `limit`, `max_bytes` or the time for one search, 2 s, was over.',
    }),
    size: z.int().meta({
      description: 'The offset behind the newest line: how many bytes there have been in all.',
    }),
    oldest_offset: z.int().meta({ description: 'Of the oldest line that is kept.' }),
    kept_bytes: z.int().meta({ description: 'How many bytes are kept on disk.' }),
    cap_bytes: z.int().meta({
      description:
        'How many are kept at most: of an app the oldest lines are removed, of a build the rest is left out.',
    }),
  })
  .meta({ id: 'DeploymentLog', description: 'A piece of a log.' });

export type DeploymentLog = z.infer<typeof deploymentLog>;

export const deploymentLogs = {
  logs: defineEndpoint({
    method: 'GET',
    path: '/api/v1/deployments/{id}/logs',
    tag: 'Deployments',
    summary: 'Read, follow or search what a deployment printed',
    description: `A piece of the app’s or a build’s output, in whole lines; without \`offset\` its end. Offsets are of the log as it is kept, across revisions and restarts: they only grow, and stay what they are when old lines are removed. Of an app the newest 64 MiB are kept, of each build the first 10 MiB. Secrets are \`[redacted]\`.

With \`query\` it searches: a part of a line, whatever its case and colours, newest first unless \`order=oldest\`. To search on, ask again with \`offset\` = \`next_offset\` and the same \`order\`.

With \`follow=true\` the answer is a stream of NDJSON, one \`LogLine\` a line, from \`offset\`, or the last \`tail\` lines, or what is printed from now on; an empty line every 15 s says that nothing is new. It ends when the deployment is deleted; that of a build, with the build. A reader that is slower than the app gets \`{"gap": {"offset", "next_offset"}}\` in the place of lines that were removed meanwhile. With \`Accept: application/x-ndjson\` alone it ends with the newest line. Over the WebSocket: subscribe to \`deployments:7:logs\`.`,
    scope: 'deployments:read',
    params: idParams,
    query: z.strictObject({
      stream: z
        .enum(['app', 'stdout', 'stderr', 'build'])
        .default('app')
        .meta({ description: 'Whose output: all of the app’s, one of its streams, or a build’s.' }),
      revision: z
        .int()
        .min(1)
        .optional()
        .meta({ description: 'Only of this revision; for `build` the newest by default.' }),
      offset: offset.optional().meta({
        description:
          'Where to read from; what was removed is skipped. With `order=newest`: before.',
      }),
      tail: z
        .int()
        .min(0)
        .max(10_000)
        .optional()
        .meta({ description: 'The last so many lines; without `offset` only.' }),
      max_bytes: z
        .int()
        .min(1)
        .max(1_048_576)
        .default(65_536)
        .meta({ description: 'How much to read at most; one line is read in any case.' }),
      lines: z
        .boolean()
        .default(false)
        .meta({ description: '`true`: also one by one, each with its time and stream.' }),
      follow: z
        .boolean()
        .default(false)
        .meta({ description: '`true`: the answer is NDJSON and goes on with what is printed.' }),
      query: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .meta({ description: 'Only lines that have this in them, whatever its case.' }),
      order: z.enum(['newest', 'oldest']).optional().meta({
        description: 'Which lines to find first; `newest` by default. With `query` only.',
      }),
      limit: z
        .int()
        .min(1)
        .max(1000)
        .default(100)
        .meta({ description: 'How many lines to find at most. With `query` only.' }),
    }),
    status: 200,
    response: deploymentLog,
    ndjson: z.union([logEntry, logGap]),
    errors: ['NOT_FOUND'],
  }),
};
