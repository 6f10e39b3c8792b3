import { tmpdir } from 'node:os';
import { api } from '@borgos/contracts';
import { systemStatus } from '@borgos/contracts/status';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../database/open.ts';
import { mount } from '../http/mount.ts';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { startServer } from '../testing/http-server.ts';
import { statusHandlers } from './handlers.ts';
import { createStatus, type StatusOptions } from './status.ts';

async function startStatus(options: Partial<StatusOptions> = {}) {
  const cloned = await cloneDatabase();
  onTestFinished(() => cloned.drop());
  const log = pino({ level: 'silent' });
  const database = await openDatabase({ source: { databaseUrl: cloned.databaseUrl }, log });
  onTestFinished(() => database.close());
  const status = createStatus({
    db: database.db,
    home: tmpdir(),
    version: '1.2.3',
    database: database.description,
    runtime: 'processes',
    isReady: () => true,
    counts: async () => ({ active_deployments: 2, total_projects: 7, recent_errors: 1 }),
    ...options,
  });
  onTestFinished(() => status.close());
  const { url } = await startServer((http) => mount(http, api.status, statusHandlers(status)));
  return { url, database, cloned };
}

test('the state of the system is measured, not made up', async () => {
  const { url } = await startStatus();
  const body = systemStatus.parse(await (await fetch(`${url}/api/v1/status`)).json());
  expect(body).toMatchObject({
    active_deployments: 2,
    total_projects: 7,
    recent_errors: 1,
    uptime_seconds: 0,
    version: '1.2.3',
    runtime: 'processes',
    database: expect.stringMatching(/^PostgreSQL \d+/),
  });
  expect(body.memory_percent).toBeGreaterThan(0);
  expect(body.disk_percent).toBeGreaterThan(0);
});

test('health answers as the reference shows', async () => {
  const { url } = await startStatus();
  const answer = await fetch(`${url}/health`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({
    status: 'healthy',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  });
});

test('the server is ready while its database answers', async () => {
  const { url, cloned } = await startStatus();
  expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  await cloned.drop();
  const answer = await fetch(`${url}/health/ready`);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({
    error: 'Service unavailable',
    message: 'The database does not answer',
    code: 'UNAVAILABLE',
  });
  expect((await fetch(`${url}/health`)).status).toBe(200);
});

test('a server that shuts down is not ready', async () => {
  const { url } = await startStatus({ isReady: () => false });
  const answer = await fetch(`${url}/health/ready`);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ message: 'BorgOS is shutting down' });
});
