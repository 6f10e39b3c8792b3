// What many redeploys of one app leave on the disk, in each runtime: builds are kept for the last 3
// that served, and all else goes. Beside it lie an image, its nameless layers and a volume of somebody
// else, which must be as they were. The disk is counted after each tenth of the rounds: past the first,
// it must not grow.
//
//   node bench/redeploys.ts [redeploys] [process|docker]
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { dockerForTests } from '../packages/server/src/testing/docker-for-tests.ts';
import { makeProjectFolder, nodeApp } from '../packages/server/src/testing/project-folder.ts';
import {
  type ServerProcess,
  startServerProcess,
} from '../packages/server/src/testing/server-process.ts';
import { waitFor } from '../packages/server/src/testing/wait-for.ts';

const redeploys = Number(process.argv[2] ?? 100);
const only = process.argv[3];
const steps = Math.min(10, redeploys);
const mebibyte = 1024 ** 2;
const foreign = `borgos-bench-foreign-${process.pid}`;
const run = promisify(execFile);
const docker = new Docker();
const { available } = await dockerForTests();

for (const runtime of ['process', 'docker'] as const) {
  if ((only && only !== runtime) || (runtime === 'docker' && !available)) continue;
  await measure(runtime);
}

async function measure(runtime: 'process' | 'docker'): Promise<void> {
  const home = await mkdtemp(path.join(tmpdir(), 'borgos-bench-'));
  await using folder = await makeProjectFolder();
  const server = await startServerProcess({ BORGOS_HOME: home, BORGOS_RUNTIME: runtime });
  const removeForeign = runtime === 'docker' ? await makeForeign() : async () => {};
  const before = runtime === 'docker' ? await foreignParts() : '';
  try {
    const project = await server.client.projects.create({ name: 'Bench', path: folder.path });
    const rows: Record<string, object> = {};
    for (let round = 0; round <= redeploys; round++) {
      await folder.write(await appOf(round));
      await deploy(server, project.id, round + 1);
      const step = Math.round(redeploys / steps);
      if (round % step === 0) rows[`after ${round}`] = await counted(runtime, home);
    }
    console.log(`${runtime}: ${redeploys} redeploys of an app of 2 MiB`);
    console.table(rows);
    if (runtime === 'docker') {
      console.log(`of others, as it was: ${(await foreignParts()) === before ? 'yes' : 'NO'}`);
    }
    await forget(server);
    console.log('after deleting all:', await counted(runtime, home));
  } finally {
    await removeForeign();
    await server.end('SIGTERM');
    await rm(home, { recursive: true, force: true });
  }
}

/** Large enough for each build to show, and another one each time. */
async function appOf(round: number): Promise<Record<string, string>> {
  const text = `round ${round}`;
  return { ...nodeApp(text), 'data.txt': text.padEnd(2 * mebibyte, `${round}`) };
}

async function deploy({ client }: ServerProcess, project_id: number, revision: number) {
  const volumes = [{ name: 'data', path: '/data' }];
  const answer = await client.deployments.deploy({ project_id, volumes });
  if (!('id' in answer)) throw new Error('a plan was answered');
  const { id } = answer;
  await waitFor(
    `revision ${revision}`,
    async () => {
      const found = await client.deployments.get({ id });
      if (found.failure_code) throw new Error(found.status_reason ?? found.failure_code);
      return found.status === 'running' && found.revision === revision;
    },
    120_000,
  );
  // What served before is removed in a moment.
  await waitFor('the pruning', async () => {
    const { data } = await client.deployments.revisions({ id, limit: 100 });
    return data.filter(({ image }) => image !== null).length <= 3;
  });
}

async function forget({ client }: ServerProcess): Promise<void> {
  for (const { id } of (await client.deployments.list({})).data) {
    await client.deployments.delete({ id });
  }
  for (const { id, name } of (await client.volumes.list({})).data) {
    await client.volumes.delete({ id, name });
  }
}

async function counted(runtime: string, home: string) {
  const folders = ['releases', 'homes', 'deployments', 'volumes', 'cache'];
  const places = folders.map((name) => path.join(home, name));
  const instance = await readFile(path.join(home, 'instance'), 'utf8');
  const [files, images] = await Promise.all([
    run('du', ['-scb', ...places]).catch((error: { stdout: string }) => error),
    runtime === 'docker' ? ownImages(instance.trim()) : [],
  ]);
  const total = Number(/(\d+)\ttotal/.exec(files.stdout)?.[1] ?? 0);
  return {
    'folders, MiB': Math.round((total / mebibyte) * 100) / 100,
    images: images.filter(({ RepoTags }) => RepoTags?.some((tag) => /^borgos/.test(tag))).length,
    'images with all layers': images.length,
  };
}

/** Of this BorgOS, with what a build may leave nameless. */
async function ownImages(instance: string) {
  const label = [`borgos.instance=${instance}`];
  return docker.listImages({ all: true, filters: JSON.stringify({ label }) });
}

/** As somebody else uses the engine: an image, the layers it was built from, and a volume. */
async function makeForeign(): Promise<() => Promise<void>> {
  const base = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
  const from = base.find((tag) => tag.startsWith('node:'));
  const lines = [`FROM ${from}`, 'RUN ["node", "--version"]', 'RUN ["node", "-p", "1"]', ''];
  await using folder = await makeProjectFolder({ Dockerfile: lines.join('\n') });
  const context = { context: folder.path, src: ['Dockerfile'] };
  const answer = await docker.buildImage(context, { t: foreign });
  await new Promise((resolve, reject) => {
    docker.modem.followProgress(answer, (error) => (error ? reject(error) : resolve(null)));
  });
  await docker.createVolume({ Name: foreign });
  return async () => {
    await docker.getImage(foreign).remove();
    await docker.getVolume(foreign).remove();
  };
}

async function foreignParts(): Promise<string> {
  const layers: { Id: string }[] = await docker.getImage(foreign).history();
  const { CreatedAt } = (await docker.getVolume(foreign).inspect()) as { CreatedAt?: string };
  return JSON.stringify([layers.map(({ Id }) => Id), CreatedAt]);
}
