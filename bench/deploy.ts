// What BorgOS itself costs in a deploy whose image is there: starting a stopped deployment, from
// the call to its answer, against the same calls made raw to the Docker API (create, start, inspect,
// ask until healthy); and how long POST /deploy takes to answer when 20 come at once.
//
//   node bench/deploy.ts [rounds]
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Docker from 'dockerode';
import { dockerForTests } from '../packages/server/src/testing/docker-for-tests.ts';
import { makeProjectFolder, nodeApp } from '../packages/server/src/testing/project-folder.ts';
import { startServerProcess } from '../packages/server/src/testing/server-process.ts';
import { waitFor } from '../packages/server/src/testing/wait-for.ts';
import { quantile } from './quantile.ts';

const rounds = Number(process.argv[2] ?? 20);
const atOnce = 20;
const bursts = 5;

const { available } = await dockerForTests();
if (!available) process.exit(1);
const docker = new Docker({ socketPath: '/var/run/docker.sock' });
const home = await mkdtemp(path.join(tmpdir(), 'borgos-bench-'));
await using folder = await makeProjectFolder(nodeApp('bench'));
const server = await startServerProcess({ BORGOS_HOME: home, BORGOS_RUNTIME: 'docker' });
const { client } = server;
try {
  const project = await client.projects.create({ name: 'Bench', path: folder.path });
  await measureStarts(project.id);
  await measureBursts(project.id);
} finally {
  await server.end('SIGTERM');
  await rm(home, { recursive: true, force: true });
}

async function measureStarts(projectId: number): Promise<void> {
  const id = await deploy(projectId, 'prod');
  const { container_id } = await until(id, 'running');
  const like = await docker.getContainer(container_id ?? '').inspect();
  const own: number[] = [];
  const raw: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await client.deployments.stop({ id });
    own.push(await timed(() => client.deployments.start({ id })));
    await client.deployments.stop({ id });
    const container = await timedRawStart(like, raw);
    await container.remove({ force: true });
  }
  await client.deployments.delete({ id });
  const p50 = quantile(own, 0.5) - quantile(raw, 0.5);
  console.table({
    'raw Docker API, ms': summary(raw),
    'BorgOS, ms': summary(own),
  });
  console.log(`own cost at p50: ${p50.toFixed(1)} ms (at most 50)`);
}

async function timedRawStart(like: Docker.ContainerInspectInfo, into: number[]) {
  const started = performance.now();
  const container = await docker.createContainer({
    ...like.Config,
    // Without those of BorgOS, which would remove a container that it did not ask for.
    Labels: {},
    HostConfig: like.HostConfig,
  });
  await container.start();
  const { NetworkSettings } = await container.inspect();
  const [binding] = Object.values(NetworkSettings.Ports).flatMap((bindings) => bindings ?? []);
  await waitFor('an answer', () => answers(Number(binding?.HostPort)));
  into.push(performance.now() - started);
  return container;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const outgoing = request({ host: '127.0.0.1', port, agent: false }, (response) => {
      response.destroy();
      resolve(true);
    });
    outgoing.once('error', () => resolve(false));
    outgoing.end();
  });
}

async function measureBursts(projectId: number): Promise<void> {
  const times: number[] = [];
  // The first one finds code that is not compiled yet, and does not count.
  for (let burst = -1; burst < bursts; burst++) {
    const ids = await Promise.all(
      Array.from({ length: atOnce }, async (_, number) => {
        const started = performance.now();
        const id = await deploy(projectId, `burst-${number}`);
        if (burst >= 0) times.push(performance.now() - started);
        return id;
      }),
    );
    await Promise.all(ids.map((id) => client.deployments.delete({ id })));
    await waitFor(
      'all to be gone',
      async () => {
        return (await client.deployments.list({})).pagination.total === 0;
      },
      120_000,
    );
  }
  console.table({ [`POST /deploy, ${atOnce} at once, ms`]: summary(times) });
  console.log('at most 50 at p99');
}

async function deploy(project_id: number, name: string): Promise<number> {
  const answer = await client.deployments.deploy({ project_id, name });
  if (!('id' in answer)) throw new Error('a plan was answered');
  return answer.id;
}

function until(id: number, status: string) {
  return waitFor(
    `deployment ${id} to be ${status}`,
    async () => {
      const deployment = await client.deployments.get({ id });
      return deployment.status === status && deployment;
    },
    60_000,
  );
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function summary(values: number[]) {
  const at = (share: number) => Math.round(quantile(values, share) * 10) / 10;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), worst: Math.round(Math.max(...values)) };
}
