import { z } from 'zod';
import { defineEndpoint } from './endpoint.ts';
import { timestamp } from './fields.ts';

const percent = z.number().min(0).max(100);
const tag = 'Status';

export const systemStatus = z
  .object({
    cpu_percent: percent.meta({ description: 'Of all cores, over the last second.' }),
    memory_percent: percent.meta({ description: 'Used, of what this machine or cgroup may use.' }),
    disk_percent: percent.meta({ description: 'Used, of the disk that holds `BORGOS_HOME`.' }),
    active_deployments: z.int().meta({ description: 'Those that are running.' }),
    total_projects: z.int(),
    recent_errors: z.int().meta({ description: 'Of the last 24 hours: releases that failed.' }),
    uptime_seconds: z.int().meta({ description: 'Of this server.' }),
    version: z.string(),
    database: z.string().meta({ description: 'Which PostgreSQL, with its version.' }),
    runtime: z.string().meta({ description: 'What runs deployments, with its version.' }),
  })
  .meta({ id: 'SystemStatus', description: 'The machine and what BorgOS does on it.' });

export type SystemStatus = z.infer<typeof systemStatus>;

export const status = {
  health: defineEndpoint({
    method: 'GET',
    path: '/health',
    tag,
    summary: 'Whether the server is alive',
    description: 'Liveness: answers as long as the event loop turns.',
    scope: null,
    status: 200,
    response: z.object({ status: z.literal('healthy'), timestamp }),
    errors: [],
  }),
  ready: defineEndpoint({
    method: 'GET',
    path: '/health/ready',
    tag,
    summary: 'Whether the server can do its work',
    description:
      'Readiness: the database answers and its schema is current. 503 while the server shuts down.',
    scope: null,
    status: 200,
    response: z.object({ status: z.literal('ready'), timestamp }),
    errors: ['UNAVAILABLE'],
  }),
  get: defineEndpoint({
    method: 'GET',
    path: '/api/v1/status',
    tag,
    summary: 'Read the state of the system',
    description: 'Measured figures, not older than a second.',
    scope: 'projects:read',
    status: 200,
    response: systemStatus,
    errors: [],
  }),
};
