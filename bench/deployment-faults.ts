// How soon and how well faults of deployments are dealt with, one table an area:
//
//   node bench/deployment-faults.ts [docker|process] [rounds] [area …]
//
// Areas: crash (to status and event), loop (an app that crashes at once), stop (an app that ignores
// SIGTERM, and one without a handler), proxy (killed: until it serves again), kill (server, proxy or
// both, in each stage of a deploy), build (one that eats memory and CPU: half of the machine), reconcile
// (what somebody does to containers by hand; Docker only).
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleepMs } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Deployment } from '../packages/contracts/src/deployments.ts';
import { makeProjectFolder } from '../packages/server/src/testing/project-folder.ts';
import { startServerProcess } from '../packages/server/src/testing/server-process.ts';
import { waitFor } from '../packages/server/src/testing/wait-for.ts';
import { quantile } from './quantile.ts';

const [runtime = 'process', roundsText = '20', ...named] = process.argv.slice(2);
const rounds = Number(roundsText);
const run = promisify(execFile);
const home = await mkdtemp(path.join(tmpdir(), 'borgos-bench-'));
const start = () => startServerProcess({ BORGOS_HOME: home, BORGOS_RUNTIME: runtime });
let server = await start();

const areas: Record<string, () => Promise<void>> = {
  crash,
  loop,
  stop,
  proxy,
  kill,
  build,
  ...(runtime === 'docker' ? { reconcile } : {}),
};
try {
  for (const [area, measure] of Object.entries(areas)) {
    if (named.length > 0 && !named.includes(area)) continue;
    console.log(`\n${runtime}: ${area}`);
    await measure();
  }
} catch (error) {
  console.error(error instanceof SuppressedError ? error.suppressed : error);
  process.exitCode = 1;
} finally {
  // It may be the server that failed to start.
  const { data } = await server.client.deployments.list({}).catch(() => ({ data: [] }));
  for (const { id } of data) await server.client.deployments.delete({ id });
  await server.end('SIGTERM');
  await rm(home, { recursive: true, force: true });
}

async function crash(): Promise<void> {
  const status: number[] = [];
  const event: number[] = [];
  // More than four crashes of one deployment would be a crash loop.
  while (status.length < rounds) {
    await using app = await deployed(
      plainApp('if (request.url === "/crash") setTimeout(() => process.exit(7));'),
    );
    for (let count = 0; count < 4 && status.length < rounds; count++) {
      const { id, port, restarts } = await app.until('running');
      await waitFor('an answer', () => answers(port));
      await ask(port, '/crash');
      const since = performance.now();
      await waitFor('the status', async () => {
        const now = await app.get();
        return now.status !== 'running' || now.restarts > restarts;
      });
      status.push(performance.now() - since);
      await waitFor('the event', async () => {
        return (await server.client.deployments.restarts({ id })).pagination.total > count;
      });
      event.push(performance.now() - since);
      await waitFor('it to be back', () => answers(port));
    }
  }
  console.table({ 'to status, ms': summary(status), 'to event, ms': summary(event) });
  console.log('at most 500 at p95');
}

async function loop(): Promise<void> {
  const rows: Record<string, object> = {};
  for (const [what, code] of Object.entries({
    'at once': 'process.exit(3)',
    'after it was healthy': plainApp('setTimeout(() => process.exit(3), 50);')['server.js'] ?? '',
  })) {
    const since = performance.now();
    await using app = await deployed({ ...plainApp(''), 'server.js': code });
    if (what !== 'at once') {
      const { port } = await app.until('running');
      // Every visit makes it crash, so that it goes on doing so as often as it comes back.
      void keepAsking(port, app.ended);
    }
    const end = await app.until('failed', 'crash_loop');
    const seconds = (performance.now() - since) / 1000;
    const alerts = await alertsOf(end.id);
    rows[what] = { status: end.status, seconds: seconds.toFixed(1), alerts };
    app.end();
  }
  console.table(rows);
  console.log('at most 15 s, one alert');
}

async function stop(): Promise<void> {
  const rows: Record<string, object> = {};
  const ways = {
    'without a handler': '',
    'that ignores SIGTERM': 'process.on("SIGTERM", () => {});',
  };
  for (const [what, code] of Object.entries(ways)) {
    const times: number[] = [];
    for (let round = 0; round < Math.min(rounds, 3); round++) {
      const files = plainApp('');
      await using app = await deployed({ ...files, 'server.js': `${files['server.js']}${code}` });
      const { id } = await app.until('running');
      const since = performance.now();
      await server.client.deployments.stop({ id });
      await app.until('stopped');
      times.push(performance.now() - since);
    }
    rows[what] = summary(times);
  }
  console.table(rows);
  console.log('at most 1000 ms without a handler, 11000 with one that ignores it (10 s of grace)');
}

async function proxy(): Promise<void> {
  await using app = await deployed(plainApp(''));
  const { port } = await app.until('running');
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    process.kill(await proxyPid(), 'SIGKILL');
    const since = performance.now();
    await waitFor('an answer', () => answers(port));
    times.push(performance.now() - since);
  }
  console.table({ 'until it serves again, ms': summary(times) });
  console.log('at most 1000');
}

async function kill(): Promise<void> {
  const stages: Record<string, (now: Deployment) => boolean> = {
    accepted: () => true,
    building: ({ stage }) => stage?.startsWith('building') ?? false,
    starting: ({ status }) => status === 'starting',
    'waiting for health': ({ stage }) => stage?.startsWith('waiting until') ?? false,
    switched: ({ status, revision }) => status === 'running' && revision > 1,
  };
  const rows: Record<string, object> = {};
  for (const victim of ['server', 'proxy', 'both']) {
    for (const [stage, isThen] of Object.entries(stages)) {
      const resumed: number[] = [];
      let wrong = 0;
      let missed = 0;
      for (let round = 0; round < rounds; round++) {
        await using app = await deployed(slowApp('first'));
        if (stage === 'switched') {
          await app.until('running');
          await app.write(slowApp('second'));
          await app.deploy();
        }
        let hit = false;
        await waitFor(
          stage,
          async () => {
            const now = await app.get();
            hit = isThen(now);
            return hit || (now.status === 'running' && now.stage === null && now.revision > 1);
          },
          10_000,
        ).catch(() => {});
        if (!hit) missed += 1;
        if (victim !== 'server') process.kill(await proxyPid(), 'SIGKILL');
        if (victim !== 'proxy') await server.end('SIGKILL');
        const since = performance.now();
        if (victim !== 'proxy') server = await start();
        const again = await app.get();
        resumed.push(performance.now() - since);
        const { port } = again.status === 'running' ? again : await app.until('running', 'failed');
        const text = stage === 'switched' ? 'second' : 'first';
        const isRight = async () => (await ask(port, '/').catch(() => '')) === text;
        if (!(await waitFor('the answer', isRight).catch(() => false))) wrong += 1;
      }
      rows[`${victim}, ${stage}`] = {
        rounds,
        missed,
        wrong,
        'resumed after, ms': summary(resumed).worst,
      };
    }
  }
  console.table(rows);
  const left = await waitFor(
    'nothing to be left',
    async () => (await instanceCount()) === 0 && 0,
    15_000,
  ).catch(instanceCount);
  console.log(`instances left: ${left}; at most 3000 ms to resume, none wrong`);
}

async function build(): Promise<void> {
  await using other = await deployed(plainApp(''));
  const { port } = await other.until('running');
  const quiet = await latencies(port, async () => void (await sleepMs(5_000)));
  const script = `
    const { Worker } = require('node:worker_threads');
    for (let count = 0; count < 4; count++) new Worker('for (;;);', { eval: true });
    const kept = [];
    setInterval(() => kept.push(Buffer.alloc(64 * 1024 * 1024, 1)), 40);`;
  const files = plainApp('');
  await using greedy = await deployed({
    ...files,
    'package.json': JSON.stringify({
      name: 'greedy',
      main: 'server.js',
      scripts: { build: 'node build.js' },
    }),
    'build.js': script,
  });
  const busy = await latencies(port, async () => void (await greedy.until('failed', 'running')));
  const { failure_code } = await greedy.get();
  console.table({
    'another app, quiet': summary(quiet.app),
    'another app, while it builds': summary(busy.app),
    'API, quiet': summary(quiet.api),
    'API, while it builds': summary(busy.api),
  });
  const ratio = quantile(busy.app, 0.99) / quantile(quiet.app, 0.99);
  console.log(`ended as ${failure_code} (BUILD_OOM); p99 of the app × ${ratio.toFixed(2)} (2)`);
}

async function reconcile(): Promise<void> {
  const rows: Record<string, object> = {};
  const ways: Record<string, (name: string) => string[][]> = {
    'rm -f': (name) => [['rm', '-f', name]],
    stop: (name) => [['stop', name]],
    kill: (name) => [['kill', name]],
    pause: (name) => [['pause', name]],
    rename: (name) => [['rename', name, `${name}-renamed`]],
    // As after a reboot: stopped while nobody looked, and everything has another address.
    'stopped while the server was away': (name) => [['stop', name]],
  };
  for (const [way, commands] of Object.entries(ways)) {
    await using app = await deployed(plainApp(''));
    const { container_id, port } = await app.until('running');
    const away = way.startsWith('stopped');
    if (away) await server.end('SIGKILL');
    for (const argv of commands(container_id ?? '')) await run('docker', argv);
    const since = performance.now();
    if (away) server = await start();
    const seen = await waitFor(
      'it to be corrected or shown',
      async () => {
        const now = await app.get();
        if (now.status !== 'running') return `shown as ${now.status}`;
        if (way === 'pause') return false;
        return (await answers(port)) && (way === 'rename' || now.container_id !== container_id)
          ? 'serves'
          : (await answers(port)) && way === 'kill' && 'serves';
      },
      60_000,
    );
    const noticed = performance.now() - since;
    if (way === 'pause') await run('docker', ['unpause', container_id ?? '']);
    await waitFor('an answer', () => answers(port), 60_000);
    const healed = performance.now() - since;
    rows[way] = { seen, 'noticed, ms': Math.round(noticed), 'serves, ms': Math.round(healed) };
  }
  console.table(rows);
  console.log('noticed within 2000 ms by event, 30000 at most');
}

function plainApp(onRequest: string): Record<string, string> {
  return {
    'package.json': JSON.stringify({ name: 'app', main: 'server.js' }),
    'server.js': `
      require('node:http').createServer((request, response) => {
        response.end('plain');
        ${onRequest}
      }).listen(process.env.PORT, process.env.HOST);`,
  };
}

/** Half a second in every stage, so that each can be hit. */
function slowApp(text: string): Record<string, string> {
  return {
    'package.json': JSON.stringify({
      name: 'slow',
      main: 'server.js',
      scripts: { build: 'node build.js' },
    }),
    'build.js': 'setTimeout(() => {}, 500)',
    'server.js': `
      const server = require('node:http').createServer((q, s) => s.end('${text}'));
      setTimeout(() => server.listen(process.env.PORT, process.env.HOST), 500);
      process.on('SIGTERM', () => setTimeout(() => process.exit(0), 200));`,
  };
}

/** A project of its own that is being deployed; gone with the block. */
async function deployed(files: Record<string, string>) {
  const folder = await makeProjectFolder(files);
  const project = await server.client.projects.create({ name: 'App', path: folder.path });
  const ending = new AbortController();
  async function deploy() {
    const accepted = await server.client.deployments.deploy({ project_id: project.id });
    if (!('id' in accepted)) throw new Error('a plan was answered');
    return accepted.id;
  }
  const id = await deploy();
  const get = () => server.client.deployments.get({ id });
  return {
    deploy,
    get,
    write: folder.write,
    ended: ending.signal,
    end: () => ending.abort(),
    until: (...states: string[]) =>
      waitFor(
        `${states} of deployment ${id}`,
        async () => {
          const now = await get();
          if (states.includes(now.status) && now.stage === null) return now;
          if (now.status === 'failed') throw new Error(`it failed: ${now.status_reason}`);
          return false;
        },
        120_000,
      ),
    async [Symbol.asyncDispose]() {
      ending.abort();
      await server.client.deployments.delete({ id });
      await server.client.projects.delete({ id: project.id });
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function ask(port: number, target: string): Promise<string> {
  const url = `http://127.0.0.1:${port}${target}`;
  return (await fetch(url, { signal: AbortSignal.timeout(5_000) })).text();
}

function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function keepAsking(port: number, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    await answers(port);
    await sleepMs(20);
  }
}

/** Of another app and of the API, asked in turn while something goes on. */
async function latencies(port: number, during: () => Promise<void>) {
  const app: number[] = [];
  const api: number[] = [];
  const ending = new AbortController();
  const asking = (async () => {
    while (!ending.signal.aborted) {
      for (const [url, times] of [
        [`http://127.0.0.1:${port}/`, app],
        [`${server.url}/api/v1/projects`, api],
      ] as const) {
        const since = performance.now();
        await (await fetch(url)).text();
        times.push(performance.now() - since);
      }
      await sleepMs(5);
    }
  })();
  await during();
  ending.abort();
  await asking;
  return { app, api };
}

async function proxyPid(): Promise<number> {
  return Number(await readFile(path.join(home, 'proxy', 'proxy.pid'), 'utf8'));
}

async function instanceCount(): Promise<number> {
  if (runtime === 'docker') {
    const { stdout } = await run('docker', ['ps', '-aq', '--filter', 'name=borgos-app-app-']);
    return stdout.split('\n').filter((line) => line !== '').length;
  }
  const { stdout } = await run('ps', ['axo', 'command']);
  return stdout.split('\n').filter((line) => line.includes(home) && line.includes('server.js'))
    .length;
}

/** How often it was told that the deployment has ended for good. */
async function alertsOf(id: number): Promise<number> {
  const { data } = await server.client.audit.list({ type: ['deployment_status'], limit: 100 });
  return data.filter(({ data }) => {
    return data.id === id && ['crash_loop', 'failed'].includes(String(data.status));
  }).length;
}

function summary(values: number[]) {
  const at = (share: number) => Math.round(quantile(values, share) * 10) / 10;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), worst: Math.round(Math.max(...values)) };
}
