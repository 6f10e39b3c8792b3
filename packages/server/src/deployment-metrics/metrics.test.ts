import path from 'node:path';
import type { DeploymentMetrics, MetricName } from '@borgos/contracts/deployment-metrics';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connectProxy, type ProxyLink } from '../proxy-link/proxy-link.ts';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { createDeploymentMetrics } from './metrics.ts';

const log = pino({ level: 'silent' });

/** Answers with the status that the path names, and does to itself what it is asked for. */
const files = {
  'package.json': JSON.stringify({ name: 'app', main: 'server.js' }),
  'server.js': `
    const held = [];
    const server = require('node:http').createServer((request, response) => {
      const [, what, value] = request.url.split('/');
      if (what === 'status') response.statusCode = Number(value);
      if (what === 'busy') {
        const begun = process.cpuUsage();
        for (let used = { user: 0, system: 0 }; used.user + used.system < Number(value) * 1000; ) used = process.cpuUsage(begun);
      }
      if (what === 'grow') held.push(Buffer.alloc(Number(value) * 1024 * 1024, 1));
      if (what === 'crash') process.exit(1);
      if (what === 'wait') return;
      response.end('ok');
    });
    server.listen(process.env.PORT, process.env.HOST);
    process.on('SIGTERM', () => server.close(() => process.exit(0)));
  `,
};

function last(metrics: DeploymentMetrics, name: MetricName): number | null | undefined {
  return metrics.series[name].at(-1);
}

function sum(metrics: DeploymentMetrics, name: MetricName): number {
  return metrics.series[name].reduce<number>((total, value) => total + (value ?? 0), 0);
}

describe('the metrics of a deployment', { timeout: 90_000 }, () => {
  let app: TestApp;
  let link: ProxyLink;
  let project: Awaited<ReturnType<typeof makeProjectFolder>>;
  let projectId = 0;
  /** A time of its own, at which nobody else measures: long ago. */
  let now = Date.parse('2026-01-15T10:00:00Z');

  beforeAll(async () => {
    app = await startTestApp({ deadlines: { health: 8_000, settle: 50, grace: 2_000 } });
    const directory = path.join(app.home, 'proxy');
    link = await connectProxy({ directory, host: '127.0.0.1', log });
    project = await makeProjectFolder(files);
    const { id } = await app.client.projects.create({ name: 'Shop', path: project.path });
    projectId = id;
  }, 60_000);
  afterAll(async () => {
    const { data } = await app.client.deployments.list({ offset: 0 });
    for (const { id } of data) {
      await app.client.deployments.delete({ id });
    }
    await link.close();
    await app.close();
    await project[Symbol.asyncDispose]();
  }, 60_000);

  async function deploy(name: string) {
    const answer = await app.client.deployments.deploy({ project_id: projectId, name });
    if (!('id' in answer)) throw new Error('the answer is a plan');
    const { id } = answer;
    const { port } = await app.until(id, 'running', 'failed');
    const visit = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
    return { id, port, visit };
  }

  /** Measures the same app, at times that the test says. */
  async function measuring() {
    const { runtime, database } = app.app;
    const clock = { now: () => now, elapsed: () => now };
    const metrics = createDeploymentMetrics({ db: database.db, runtime, router: link, log, clock });
    await metrics.sample();
    return {
      ...metrics,
      async next(seconds = 10): Promise<void> {
        now += seconds * 1000;
        await metrics.sample();
      },
    };
  }

  test('are told by the API, ten seconds after what happened', async () => {
    const { id, visit } = await deploy('told');
    await visit('/status/200');
    await visit('/status/404');
    const metrics = await waitFor(
      'the requests to be told',
      async () => {
        const told = await app.client.deploymentMetrics.get({ id });
        return sum(told, 'status_4xx') > 0 && told;
      },
      40_000,
    );
    expect(metrics).toMatchObject({ deployment_id: id, step_seconds: 10 });
    expect(sum(metrics, 'status_4xx')).toBe(1);
    expect(Object.values(metrics.series).map(({ length }) => length)).toEqual(
      Object.keys(metrics.series).map(() => metrics.timestamps.length),
    );
    expect(metrics.timestamps.length).toBeGreaterThanOrEqual(359);
    const long = await app.client.deploymentMetrics.get({ id, step: 300 });
    expect(sum(long, 'status_4xx')).toBe(1);
    const bad = await app.request('GET', `/api/v1/deployments/${id}/metrics?step=60`);
    expect([bad.status, bad.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    const none = await app.request('GET', '/api/v1/deployments/99999/metrics');
    expect([none.status, none.body.code]).toEqual([404, 'NOT_FOUND']);
  });

  test('have requests by what became of them, and how long answers took', async () => {
    const { id, visit } = await deploy('counted');
    const metrics = await measuring();
    for (const status of [200, 204, 304, 404, 410, 500]) await visit(`/status/${status}`);
    const left = new AbortController();
    const leaving = fetch(`${(await app.client.deployments.get({ id })).url}/wait`, left);
    await new Promise((resolve) => setTimeout(resolve, 100));
    left.abort();
    await expect(leaving).rejects.toThrow();
    await waitFor('the abort to be seen', async () =>
      (await link.counts())?.some((one) => one.deploymentId === id && one.aborted === 1),
    );
    await visit('/busy/120');
    await metrics.next();
    const told = await metrics.read({ id });
    const point = Object.fromEntries(
      Object.keys(told.series).map((name) => [name, last(told, name as MetricName)]),
    );
    expect(point).toMatchObject({
      requests: 8,
      status_2xx: 3,
      status_3xx: 1,
      status_4xx: 2,
      status_5xx: 1,
      proxy_errors: 0,
      aborted: 1,
      upgrades: 0,
      restarts: 0,
      network_received_bytes: null,
    });
    expect(point.latency_p50_ms).toBeLessThan(100);
    expect(point.latency_p99_ms).toBeGreaterThan(115);
    await metrics.next();
    expect(last(await metrics.read({ id }), 'requests')).toBe(0);
    expect(last(await metrics.read({ id }), 'latency_p50_ms')).toBeNull();
  });

  test.runIf(process.platform === 'linux')(
    'have the CPU that a busy app uses, and its memory',
    async () => {
      const { id, visit } = await deploy('busy');
      const idle = await deploy('idle');
      const metrics = await measuring();
      await visit('/busy/1500');
      await metrics.next();
      const told = await metrics.read({ id });
      // 1.5 s in the ten seconds that the test says have passed.
      expect(last(told, 'cpu_cores')).toBeGreaterThan(0.14);
      expect(last(told, 'cpu_cores')).toBeLessThan(0.2);
      expect(last(await metrics.read({ id: idle.id }), 'cpu_cores')).toBeLessThan(0.05);
      const before = last(told, 'memory_bytes') ?? 0;
      expect(before).toBeGreaterThan(5 * 1024 ** 2);
      expect(before).toBeLessThan(150 * 1024 ** 2);
      await visit('/grow/100');
      await metrics.next();
      const grown = (last(await metrics.read({ id }), 'memory_bytes') ?? 0) - before;
      expect(grown).toBeGreaterThan(90 * 1024 ** 2);
      expect(grown).toBeLessThan(140 * 1024 ** 2);
    },
  );

  test('go on through a redeploy, and through a restart of the app', async () => {
    const { id, visit } = await deploy('again');
    const metrics = await measuring();
    await visit('/status/200');
    await metrics.next();
    const { settled } = await redeploy('again', id);
    expect(settled).toBe('running');
    await visit('/status/200');
    await metrics.next();
    await app.client.deployments.stop({ id });
    await app.client.deployments.start({ id });
    await visit('/status/200');
    await metrics.next();
    const told = await metrics.read({ id });
    expect(told.series.status_2xx.slice(-3)).toEqual([1, 1, 1]);
    if (process.platform === 'linux') {
      expect(told.series.cpu_cores.slice(-3)).not.toContain(null);
    }
  });

  async function redeploy(name: string, id: number) {
    const { revision } = await app.client.deployments.get({ id });
    await app.client.deployments.deploy({ project_id: projectId, name });
    const settled = await waitFor('the new release', async () => {
      const seen = await app.client.deployments.get({ id });
      return seen.revision > revision && seen.status === 'running' && seen.status;
    });
    return { settled };
  }

  test('go on when the proxy is killed and another one comes', async () => {
    const { id, visit } = await deploy('proxied');
    const metrics = await measuring();
    for (let count = 0; count < 5; count += 1) await visit('/status/200');
    await metrics.next();
    process.kill(link.pid, 'SIGKILL');
    await waitFor('the next proxy', () =>
      visit('/status/404').then(
        () => true,
        () => false,
      ),
    );
    await metrics.next();
    const told = await metrics.read({ id });
    expect(told.series.status_2xx.slice(-2)).toEqual([5, 0]);
    expect(told.series.status_4xx.slice(-2)).toEqual([0, 1]);
  });

  test('count a crash', async () => {
    const { id, visit } = await deploy('crashing');
    const metrics = await measuring();
    await visit('/crash').catch(() => {});
    await waitFor('the restart', async () =>
      (await app.app.runtime.list()).some((one) => one.deploymentId === id && one.restarts === 1),
    );
    await metrics.next();
    const told = await metrics.read({ id });
    expect(last(told, 'restarts')).toBe(1);
    expect(last(told, 'proxy_errors')).toBeGreaterThanOrEqual(1);
  });

  test('go on after a restart of BorgOS in steps of five minutes, also within one', async () => {
    const { id, visit } = await deploy('restarted');
    now = Math.ceil(now / 300_000) * 300_000 + 20_000;
    const first = await measuring();
    await visit('/status/200');
    await first.next();
    await first.close();
    await visit('/status/500');
    const second = await measuring();
    await second.start();
    onTestFinished(() => second.close());
    await second.sample();
    await visit('/status/200');
    await visit('/status/404');
    await second.next();
    const told = await second.read({ id, step: 300 });
    // What happened while nobody counted is not made up.
    expect(
      ['status_2xx', 'status_4xx', 'status_5xx'].map((name) => sum(told, name as MetricName)),
    ).toEqual([2, 1, 0]);
    expect(last(told, 'latency_p50_ms')).toBeGreaterThan(0);
    // Only steps of 10 seconds begin anew.
    expect(sum(await second.read({ id }), 'status_2xx')).toBe(1);
    for (let step = 0; step < 66; step += 1) await second.next();
    expect(sum(await second.read({ id, step: 300 }), 'status_2xx')).toBe(2);
    const rows = await app.app.database.db
      .selectFrom('deployment_metrics')
      .select('latency')
      .where('deployment_id', '=', id)
      .orderBy('at')
      .execute();
    expect(rows[0]?.latency).toBeNull();
  });

  test('are kept for a week', async () => {
    const { id, visit } = await deploy('old');
    const metrics = await measuring();
    await visit('/status/200');
    await metrics.next();
    const since = new Date(now - 60_000).toISOString();
    await metrics.next(6 * 86_400);
    await metrics.forgetOld();
    expect(sum(await metrics.read({ id, from: since }), 'status_2xx')).toBe(1);
    await metrics.next(2 * 86_400);
    await metrics.forgetOld();
    const rows = await app.app.database.db
      .selectFrom('deployment_metrics')
      .select('at')
      .where('deployment_id', '=', id)
      .where('at', '<', new Date(now - 7 * 86_400_000).toISOString())
      .execute();
    expect(rows).toEqual([]);
  });

  test('are gone with the deployment', async () => {
    const { id, visit } = await deploy('gone');
    const metrics = await measuring();
    await visit('/status/200');
    await metrics.next(61);
    await app.client.deployments.delete({ id });
    await waitFor('it to be gone', async () => {
      const { status } = await app.request('GET', `/api/v1/deployments/${id}`);
      return status === 404;
    });
    await expect(metrics.read({ id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await metrics.next(61);
    const rows = await app.app.database.db
      .selectFrom('deployment_metrics')
      .select('at')
      .where('deployment_id', '=', id)
      .execute();
    expect(rows).toEqual([]);
    const figures = await Promise.all(metrics.figures.map(({ read }) => read()));
    expect(figures.flat().map(({ labels }) => labels.deployment_id)).not.toContain(String(id));
  });

  test('are told to Prometheus by deployment', async () => {
    const { id, visit } = await deploy('scraped');
    const metrics = await measuring();
    await visit('/status/404');
    await metrics.next();
    await visit('/status/404');
    await metrics.next();
    const told = await Promise.all(
      metrics.figures.map(async ({ name, labels, read }) => {
        const values = (await read()).filter((one) => one.labels.deployment_id === String(id));
        for (const one of values) expect(Object.keys(one.labels).sort()).toEqual(labels.toSorted());
        return values.map((one) => ({ name, ...one }));
      }),
    );
    const labels = { deployment_id: String(id), deployment: 'scraped' };
    const name = 'borgos_deployment_requests_total';
    expect(told.flat()).toContainEqual({
      name,
      labels: { ...labels, outcome: 'status_4xx' },
      value: 2,
    });
    const latency = { ...labels, quantile: '0.99' };
    expect(told.flat()).toContainEqual({
      name: 'borgos_deployment_latency_seconds',
      labels: latency,
      value: expect.any(Number),
    });
    // The process runtime does not tell the traffic, and so it is not told to be none.
    expect(told.flat().map(({ name }) => name)).not.toContain(
      'borgos_deployment_network_sent_bytes_total',
    );
  });
});
