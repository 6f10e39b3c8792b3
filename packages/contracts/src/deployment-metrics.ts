import { z } from 'zod';
import { defineEndpoint } from './endpoint.ts';
import { id, idParams, timestamp } from './fields.ts';

/** Seconds between two points, and how far back there are points of it. */
export const metricSteps = { 10: 3_600, 300: 7 * 86_400 } as const;

const value = z.number().min(0);
const values = (description: string) => z.array(value.nullable()).meta({ description });

/** What is measured of a deployment. Each is a list as long as `timestamps`. */
export const metricSeries = z
  .object({
    cpu_cores: values('Cores in use on average: 0.5 is half of the time of one.'),
    memory_bytes: values('The most that was seen in use; without cached files that nobody uses.'),
    memory_limit_bytes: values('What the runtime enforces as its limit; `null`: nothing.'),
    network_received_bytes: values('Received in the step; `null` in the process runtime.'),
    network_sent_bytes: values('Sent in the step; `null` in the process runtime.'),
    requests: values(
      'Requests in the step: the sum of the next seven. A request counts when its answer begins.',
    ),
    status_2xx: values('Answers of the app with a status of 200 to 299.'),
    status_3xx: values('300 to 399.'),
    status_4xx: values('400 to 499.'),
    status_5xx: values('500 and above.'),
    proxy_errors: values(
      'Answered by BorgOS: the app was not there, not reachable, too slow, or the request broken.',
    ),
    aborted: values('Without an answer: the visitor left before it came, or it was cut off.'),
    upgrades: values('Became a WebSocket or another protocol.'),
    latency_p50_ms: values(
      'Milliseconds from a request until the app’s answer begins, in the median; within 5 %. `null`: no answers.',
    ),
    latency_p90_ms: values('What 90 % of the answers took at most.'),
    latency_p99_ms: values('What 99 % of the answers took at most.'),
    open_connections: values(
      'The most connections of visitors that were seen open on its own port.',
    ),
    restarts: values('Restarts after a crash, in the step.'),
  })
  .meta({ id: 'MetricSeries', description: 'What is measured of a deployment.' });

export type MetricSeries = z.infer<typeof metricSeries>;
export type MetricName = keyof MetricSeries;

export const deploymentMetrics = z
  .object({
    deployment_id: id,
    step_seconds: z.literal([10, 300]),
    from: timestamp.meta({ description: 'The beginning of the first step.' }),
    to: timestamp.meta({ description: 'The end of the last step.' }),
    timestamps: z
      .array(z.int())
      .max(2017)
      .meta({
        description:
          'When each step begins: Unix seconds, rising by `step_seconds`, without a gap.',
        examples: [[1_768_471_800, 1_768_471_810]],
      }),
    series: metricSeries,
  })
  .meta({ id: 'DeploymentMetrics', description: 'The metrics of a deployment over time.' });

export type DeploymentMetrics = z.infer<typeof deploymentMetrics>;

export const deploymentMetricEndpoints = {
  get: defineEndpoint({
    method: 'GET',
    path: '/api/v1/deployments/{id}/metrics',
    tag: 'Deployments',
    summary: 'Read the metrics of a deployment',
    description: `One list a metric, each as long as \`timestamps\`, as charts take them. \`null\` is what is not known: the deployment did not run, BorgOS did not, or the runtime does not tell. It is never a guess, and never 0 in place of unknown.

There are steps of 10 seconds for the last hour, and of 300 seconds for a week. The former are kept in memory, and so begin anew when BorgOS is restarted; the latter go on. A range that reaches beyond what is kept is cut to it. The last step of 300 seconds is the one that goes on right now, with what there is of it so far.

What counts goes on through redeploys and restarts of the app. Where one reading fails, what was counted meanwhile is in the next point; what happened while BorgOS was down is in none.`,
    scope: 'deployments:read',
    params: idParams,
    query: z.strictObject({
      from: timestamp
        .optional()
        .meta({ description: 'Where to begin; an hour before `to` by default.' }),
      to: timestamp.optional().meta({ description: 'Where to end; now by default.' }),
      step: z
        .int()
        .refine((step) => step === 10 || step === 300, 'must be 10 or 300')
        .optional()
        .meta({
          description:
            'Seconds: 10 or 300. By default 10 where the whole range is within the last hour.',
        }),
    }),
    status: 200,
    response: deploymentMetrics,
    errors: ['NOT_FOUND'],
  }),
};
