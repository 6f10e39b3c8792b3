import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import Docker from 'dockerode';
import { pino } from 'pino';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAppLogs } from '../../app-log/app-logs.ts';
import type { Recipe } from '../../deployments/recipe.ts';
import type { KeptVolume, Runtime } from '../../deployments/runtime.ts';
import { dockerForTests } from '../../testing/docker-for-tests.ts';
import { createDockerRuntime } from './docker-runtime.ts';

const { available } = await dockerForTests();
const docker = new Docker();
const instance = `t${randomBytes(4).toString('hex')}`;
const foreign = `foreign-${instance}`;
const server = `require('node:http').createServer((_, r) => r.end()).listen(process.env.PORT)`;

const recipe: Recipe = {
  stack: 'node',
  foundBy: 'package.json',
  dockerfile: null,
  version: null,
  manifests: [],
  install: [],
  build: [['node', '--version']],
  start: ['node', 'server.js'],
  environment: {},
  port: 3000,
  extraFiles: [],
  notes: [],
};

let source: string;
let runtime: Runtime;

beforeAll(async () => {
  if (!available) return;
  source = await mkdtemp(join(tmpdir(), 'borgos-garbage-'));
  runtime = await createDockerRuntime({
    instance,
    logs: createAppLogs(),
    log: pino({ level: 'silent' }),
  });
}, 60_000);

afterAll(async () => {
  if (!available) return;
  for (const { name } of await runtime.list()) await runtime.stop(name, 0);
  await runtime.removeGarbage(new Set(), { cache: false });
  await runtime.close();
  await docker
    .getImage(foreign)
    .remove()
    .catch(() => {});
  await docker
    .getVolume(foreign)
    .remove()
    .catch(() => {});
  await rm(source, { recursive: true, force: true });
}, 60_000);

async function build(name: string): Promise<string> {
  // Another image each time.
  await writeFile(join(source, 'server.js'), `${server} // ${name}`);
  return runtime.build({
    deploymentId: 7,
    revision: 1,
    name: `borgos-${instance}-${name}`,
    source,
    recipe,
    log: () => {},
    signal: AbortSignal.timeout(60_000),
  });
}

function start(artifact: string, volumes: KeptVolume[] = []) {
  const spec = { deploymentId: 7, revision: 1, generation: 1, artifact, recipe, volumes };
  const name = `borgos-${instance}-g1`;
  const rest = { environment: {}, cpus: null, memory: null, logFile: join(source, 'app.log') };
  return runtime.start({ ...spec, ...rest, name }, AbortSignal.timeout(30_000));
}

/** As somebody else builds on this engine: a tagged image, and nameless layers that are a cache. */
async function buildForeign(base: string): Promise<void> {
  const tar = pack();
  tar.entry(
    { name: 'Dockerfile' },
    `FROM ${base}\nRUN ["node", "--version"]\nRUN ["node", "-v"]\n`,
  );
  tar.finalize();
  const answer = await docker.buildImage(Readable.from([await buffer(tar)]), { t: foreign });
  await new Promise((resolve, reject) => {
    docker.modem.followProgress(answer, (error) => (error ? reject(error) : resolve(null)));
  });
}

test.runIf(available)(
  'what is not recorded goes; what is, what runs and what others have stays',
  { timeout: 120_000 },
  async () => {
    const tags = await docker.listImages();
    const base = tags.flatMap(({ RepoTags }) => RepoTags ?? []).find((tag) => /^node:/.test(tag));
    await buildForeign(base ?? '');
    await docker.createVolume({ Name: foreign });
    const [kept, used, garbage] = [
      await build('kept'),
      await build('used'),
      await build('garbage'),
    ];
    await start(used);
    const own = new Set([kept, used, garbage]);
    // Those of other tests come and go.
    const layersOf = async (image: string) =>
      (await docker.getImage(image).history()).map((layer: { Id: string }) => layer.Id);
    const before = await layersOf(foreign);

    await runtime.removeGarbage(new Set([kept]), { cache: true });

    const left = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
    expect(left.filter((tag) => own.has(tag.replace(/:latest$/, ''))).sort()).toEqual([
      `${kept}:latest`,
      `${used}:latest`,
    ]);
    expect(await layersOf(foreign)).toEqual(before);
    expect(await docker.getVolume(foreign).inspect()).toMatchObject({ Name: foreign });
    await runtime.stop(`borgos-${instance}-g1`, 0);
  },
);

test.runIf(available)(
  'a volume that stands for a folder of the machine is neither used nor removed',
  { timeout: 60_000 },
  async () => {
    const engineName = `borgos-${instance}-v-data`;
    const volume = { name: 'data', madeFor: 7, engineName, path: '/data' };
    await docker.createVolume({
      Name: engineName,
      Driver: 'local',
      DriverOpts: { type: 'none', o: 'bind', device: source },
      Labels: { 'borgos.managed': 'true', 'borgos.instance': instance },
    });
    try {
      await expect(start(await build('bound'), [volume])).rejects.toMatchObject({
        code: 'START_FAILED',
        message: expect.stringContaining('did not make'),
      });
      expect(await runtime.removeVolume(volume)).toBe(false);
      expect(await docker.getVolume(engineName).inspect()).toMatchObject({ Name: engineName });
    } finally {
      await docker.getVolume(engineName).remove();
    }
  },
);

test.runIf(available)(
  'a volume over the app itself is refused, as it would hide later releases',
  { timeout: 60_000 },
  async () => {
    const volume = { name: 'all', madeFor: 7, engineName: `borgos-${instance}-v-all` };
    const started = start(await build('hidden'), [{ ...volume, path: '/app' }]);
    await expect(started).rejects.toMatchObject({
      code: 'START_FAILED',
      message: expect.stringContaining('/app/data'),
    });
  },
);
