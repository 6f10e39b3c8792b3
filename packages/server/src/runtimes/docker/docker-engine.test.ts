import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import {
  type AddressInfo,
  connect as connectTo,
  createServer,
  type Server,
  type Socket,
} from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Docker from 'dockerode';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createAppLogs } from '../../app-log/app-logs.ts';
import type { Recipe } from '../../deployments/recipe.ts';
import type { Instance, InstanceSpec, Runtime } from '../../deployments/runtime.ts';
import { ensureBaseImage } from '../../testing/base-image.ts';
import { findFreePort } from '../free-port.ts';
import { containerRequest } from './container-request.ts';
import { createDockerRuntime, findDocker } from './docker-runtime.ts';
import { openEngine } from './engine.ts';
import { listHostPorts } from './host-ports.ts';
import { ensureNetwork } from './network.ts';

const engineSocket = '/var/run/docker.sock';
const docker = new Docker({ socketPath: engineSocket });
const warnings: object[] = [];
const log = pino(
  { level: 'warn' },
  { write: (line: string) => void warnings.push(JSON.parse(line)) },
);
const instance = `t${randomBytes(4).toString('hex')}`;

const recipe: Recipe = {
  stack: 'dockerfile',
  foundBy: 'Dockerfile',
  dockerfile: 'Dockerfile',
  version: null,
  manifests: [],
  install: [],
  build: [],
  start: null,
  environment: {},
  port: 8080,
  extraFiles: [],
  notes: [],
};

let home: string;
let base: string;
let runtime: Runtime;
let generation = 0;

beforeAll(async () => {
  base = await ensureBaseImage(docker);
  home = await realpath(await mkdtemp(join(tmpdir(), 'borgos-docker-')));
  runtime = await createDockerRuntime({ instance, log, logs: createAppLogs() });
}, 120_000);

afterAll(async () => {
  for (const { name } of await runtime.list()) await runtime.stop(name, 0);
  for (const name of ['app', 'command']) await runtime.removeArtifact(imageOf(name));
  await runtime.close();
  await rm(home, { recursive: true, force: true });
}, 60_000);

const imageOf = (name: string) => `borgos/borgos-own-${instance}-${name}-7-r1`;

async function build(
  name: string,
  files: Record<string, string>,
  options: { signal?: AbortSignal; log?: (text: string) => void } = {},
): Promise<string> {
  const source = join(home, name);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(source, path)), { recursive: true });
    await writeFile(join(source, path), content);
  }
  return runtime.build({
    deploymentId: 7,
    revision: 1,
    name: imageOf(name).slice('borgos/'.length),
    source,
    recipe,
    log: options.log ?? (() => {}),
    signal: options.signal ?? AbortSignal.timeout(60_000),
  });
}

const app = {
  'server.mjs': `
    import { createServer } from 'node:http';
    createServer((request, response) => {
      if (request.url === '/crash') process.exit(1);
      response.end('from my own Dockerfile');
    }).listen(process.env.PORT, '0.0.0.0');`,
};

const dockerfile = () => `
ARG BASE=${base}
FROM $BASE AS build
WORKDIR /build
COPY server.mjs .
RUN node --check server.mjs && cp server.mjs built.mjs
FROM \${BASE}
COPY --from=build /build/built.mjs /srv/
EXPOSE 9000
CMD node /srv/built.mjs
`;

function specOf(changes: Partial<InstanceSpec> = {}): InstanceSpec {
  generation += 1;
  return {
    deploymentId: 7,
    revision: 1,
    generation,
    name: `borgos-own-${instance}-app-7-r1-g${generation}`,
    artifact: imageOf('app'),
    recipe,
    environment: {},
    cpus: null,
    memory: null,
    volumes: [],
    logFile: join(home, 'logs', `${generation}.log`),
    ...changes,
  };
}

const start = (spec: InstanceSpec) => runtime.start(spec, AbortSignal.timeout(30_000));

const until = <T>(what: () => Promise<T>) => vi.waitFor(what, { timeout: 15_000, interval: 50 });

async function ask(name: string, path = '/'): Promise<string> {
  const address = (await runtime.find(name))?.address;
  if (!address) throw new Error('no address');
  return (await fetch(`http://${address.host}:${address.port}${path}`)).text();
}

describe('a project with its own Dockerfile', { timeout: 60_000 }, () => {
  test('is built from all of its stages and listens where it exposes', async () => {
    const image = await build('app', { ...app, Dockerfile: dockerfile() });
    expect(image).toBe(imageOf('app'));
    const spec = specOf();
    expect((await start(spec)).port).toBe(9000);
    expect(await until(() => ask(spec.name))).toBe('from my own Dockerfile');
    const tags = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
    const own = tags.filter((tag) => tag.startsWith(`${image}:`)).sort();
    expect(own).toEqual([`${image}:latest`, `${image}:stage-1`]);
  });

  test('is built again from its cache, to the same image', async () => {
    const before = await docker.getImage(imageOf('app')).inspect();
    await build('app', { ...app, Dockerfile: dockerfile() });
    expect((await docker.getImage(imageOf('app')).inspect()).Id).toBe(before.Id);
  });

  test('leaves nothing of a build that fails or is aborted', async () => {
    const label = [`test.marker=${instance}`];
    const begin = `FROM ${base}\nLABEL test.marker=${instance}\nRUN node --version\n`;
    const failing = { Dockerfile: `${begin}RUN node --no-such-option\n` };
    await expect(build('failing', failing)).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringMatching(/^Step 4\/\d of the build failed: .*bad option/s),
    });
    const abort = new AbortController();
    const endless = {
      Dockerfile: `${begin}RUN node -e "console.log(1 + 1); setInterval(_ => 0, 1e3)"\n`,
    };
    const onLine = (text: string) => {
      if (text === '2\n') abort.abort();
    };
    const aborted = build('endless', endless, { signal: abort.signal, log: onLine });
    await expect(aborted).rejects.toThrow();
    expect(abort.signal.aborted).toBe(true);
    expect(await docker.listContainers({ all: true, filters: { label } })).toEqual([]);
    const left = await docker.listImages({ all: true, filters: JSON.stringify({ label }) });
    expect(left).toEqual([]);
  });

  test('names the image that it needs and that can not be had', async () => {
    const files = {
      Dockerfile: `FROM ${base} AS a\nFROM localhost:1/missing:3.2\nCOPY --from=a /a /b`,
    };
    await expect(build('missing', files)).rejects.toMatchObject({
      code: 'BASE_IMAGE_MISSING',
      message: expect.stringContaining('docker pull localhost:1/missing:3.2'),
    });
  });

  test('is told what is wrong with its Dockerfile', async () => {
    await expect(build('wrong', { Dockerfile: `FROM ${base}\nRUUN x\n` })).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringContaining('RUUN'),
    });
  });

  test('can not be started by a command that is not in its image', async () => {
    await build('command', { Dockerfile: `FROM ${base}\nCMD ["no-such-command"]\n` });
    const spec = specOf({ artifact: imageOf('command') });
    await expect(start(spec)).rejects.toMatchObject({
      code: 'START_FAILED',
      message: expect.stringContaining('"no-such-command" is not in the image'),
    });
    expect(await runtime.find(spec.name)).toBeUndefined();
  });
});

describe('a container of the same name', { timeout: 60_000 }, () => {
  test('is adopted if it was created from the same request but not started', async () => {
    const spec = specOf();
    const network = await ensureNetwork(await openEngine(engineSocket), instance);
    const hostPort = await findFreePort(new Set());
    const request = containerRequest({ instance, spec, port: 9000, hostPort, network });
    const created = await docker.createContainer({ name: request.name, ...request.body });
    const started = await start(spec);
    expect(created.id).toContain(started.containerId);
    expect(started.state).toBe('running');
  });

  test('is replaced if it was made from another request', async () => {
    const spec = specOf();
    const first = await start(spec);
    const second = await start({ ...spec, environment: { CHANGED: 'yes' } });
    expect(second.containerId).not.toBe(first.containerId);
    const { Config: config } = await docker.getContainer(spec.name).inspect();
    expect(config.Env).toContain('CHANGED=yes');
  });

  test('is left alone if somebody else made it', async () => {
    const spec = specOf();
    const other = await docker.createContainer({ name: spec.name, Image: base });
    try {
      await expect(start(spec)).rejects.toMatchObject({
        code: 'START_FAILED',
        message: expect.stringContaining('did not make'),
      });
      expect(await runtime.find(spec.name)).toBeUndefined();
      await runtime.stop(spec.name, 0);
      expect((await other.inspect()).State.Status).toBe('created');
    } finally {
      await other.remove({ force: true });
    }
  });
});

test('an app that crashes is started again at the address it had, and it is told', async () => {
  const spec = specOf();
  const { address } = await start(spec);
  await until(() => ask(spec.name));
  const told: (Instance | undefined)[] = [];
  runtime.onExit((name) => {
    if (name === spec.name) void runtime.find(name).then((found) => told.push(found));
  });
  await ask(spec.name, '/crash').catch(() => {});
  await until(async () => {
    expect(await runtime.find(spec.name)).toMatchObject({ state: 'running', restarts: 1, address });
    expect(told).toContainEqual(expect.objectContaining({ state: 'running', restarts: 1 }));
  });
  expect(await until(() => ask(spec.name))).toBe('from my own Dockerfile');
}, 30_000);

describe('the port that an instance gets on this machine', { timeout: 60_000 }, () => {
  /** Creates the instance's container, but does not start it. */
  async function create(spec: InstanceSpec, hostPort: number): Promise<string> {
    const network = await ensureNetwork(await openEngine(engineSocket), instance);
    const request = containerRequest({ instance, spec, port: 9000, hostPort, network });
    return (await docker.createContainer({ name: request.name, ...request.body })).id;
  }

  test('is another one if something took it before the start', async () => {
    const thief = createServer().listen(await findFreePort(new Set()), '127.0.0.1');
    onTestFinished(() => void thief.close());
    await once(thief, 'listening');
    const { port: taken } = thief.address() as AddressInfo;
    const spec = specOf();
    await create(spec, taken);
    const { address, state } = await start(spec);
    expect(state).toBe('running');
    expect(address?.port).not.toBe(taken);
    expect(await until(() => ask(spec.name))).toBe('from my own Dockerfile');
  });

  test('is none that a container has, running or not', async () => {
    const port = await findFreePort(new Set());
    const created = specOf();
    await create(created, port);
    const running = await start(specOf());
    const taken = await listHostPorts(await openEngine(engineSocket));
    expect(taken).toContain(port);
    expect(taken).toContain(running.address?.port);
    await runtime.stop(created.name, 0);
  });
});

test('an image that a container of somebody else uses stays, which is no failure', async () => {
  const image = await build('used', { Dockerfile: `FROM ${base}\nLABEL used=${instance}\n` });
  const other = await docker.createContainer({ Image: image });
  try {
    await runtime.removeArtifact(image);
    expect(await runtime.hasArtifact(image)).toBe(true);
    expect(warnings).toContainEqual(expect.objectContaining({ image: `${image}:latest` }));
  } finally {
    await other.remove({ force: true });
    await runtime.removeArtifact(image);
  }
  expect(await runtime.hasArtifact(image)).toBe(false);
});

test('what a killed BorgOS left of a build is removed at the next start, and nothing else', async () => {
  const labels = { 'borgos.managed': 'true', 'borgos.instance': `${instance}x` };
  const step = await docker.createContainer({ Image: base, Labels: labels });
  const layer: { Id: string } = await step.commit({
    changes: `LABEL borgos.instance=${instance}x`,
  });
  const other: { Id: string } = await step.commit({ changes: 'LABEL borgos.instance=other' });
  try {
    await (
      await createDockerRuntime({ instance: `${instance}x`, log, logs: createAppLogs() })
    ).close();
    await expect(step.inspect()).rejects.toMatchObject({ statusCode: 404 });
    await expect(docker.getImage(layer.Id).inspect()).rejects.toMatchObject({ statusCode: 404 });
    await docker.getImage(other.Id).inspect();
  } finally {
    await docker.getImage(other.Id).remove();
  }
}, 30_000);

test('the plan names the image that would be used and how it would be built', async () => {
  const node: Recipe = { ...recipe, stack: 'node', dockerfile: null, start: ['node', 'a.js'] };
  const { dockerfile: text, baseImage } = await runtime.preview(node);
  expect(text?.split('\n')[0]).toBe(`FROM ${baseImage}`);
  expect(await runtime.preview(recipe)).toEqual({ dockerfile: null, baseImage: null });
});

describe('the connection to the engine', { timeout: 60_000 }, () => {
  let sockets: Set<Socket>;

  /** Stands before the engine, so that it can go away while the real one serves others. */
  async function serveAt(path: string): Promise<Server> {
    sockets = new Set();
    const server = createServer((client) => {
      const engine = connectTo(engineSocket);
      for (const socket of [client, engine]) {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          client.destroy();
          engine.destroy();
        });
      }
      client.pipe(engine).pipe(client);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return server;
  }

  async function cut(server: Server): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    // One that is being accepted at this moment would be waited for without end.
    server.on('connection', (socket) => socket.destroy());
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  test('speaks a version that the engine offers', async () => {
    const engine = await openEngine(engineSocket);
    const offered = await docker.version();
    expect(engine.apiVersion).toMatch(/^1\.\d\d$/);
    expect(Number(engine.apiVersion.slice(2))).toBeLessThanOrEqual(
      Number(offered.ApiVersion.slice(2)),
    );
    expect(await findDocker()).toEqual({
      ok: true,
      socketPath: engineSocket,
      description: `Docker Engine ${offered.Version}`,
    });
  });

  test('is said to be missing where nobody listens', async () => {
    const found = await findDocker(join(home, 'none.sock'));
    expect(found).toMatchObject({ ok: false, reason: expect.stringContaining('ENOENT') });
  });

  test('is given up with an engine that accepts but does not answer', async () => {
    const path = join(home, 'silent.sock');
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(path, resolve));
    const begun = Date.now();
    expect(await findDocker(path)).toMatchObject({ ok: false });
    expect(Date.now() - begun).toBeLessThan(10_000);
    silent.close();
  });

  test('says so when the engine goes away, and works again when it is back', async () => {
    const path = join(home, 'engine.sock');
    let server = await serveAt(path);
    const through = await createDockerRuntime({
      instance: `${instance}y`,
      log,
      logs: createAppLogs(),
      socketPath: path,
    });
    const exited: string[] = [];
    through.onExit((name) => exited.push(name));
    const spec = specOf({ environment: { X: '1' } });
    try {
      await through.start(spec, AbortSignal.timeout(10_000));
      await cut(server);
      const gone = { code: 'RUNTIME_UNAVAILABLE', message: expect.stringContaining(path) };
      const signal = AbortSignal.timeout(10_000);
      const request = { deploymentId: 7, revision: 1, name: 'gone', source: join(home, 'app') };
      const calls = {
        list: () => through.list(),
        find: () => through.find(spec.name),
        stop: () => through.stop(spec.name, 0),
        build: () => through.build({ ...request, recipe, log: () => {}, signal }),
        start: () => through.start(specOf(), signal),
        hasArtifact: () => through.hasArtifact(spec.artifact),
        removeArtifact: () => through.removeArtifact(spec.artifact),
        listeners: () => through.listeners(spec.name),
        preview: () => through.preview({ ...recipe, dockerfile: null }),
      };
      for (const [name, call] of Object.entries(calls)) {
        await expect(call(), name).rejects.toMatchObject(gone);
      }
      server = await serveAt(path);
      expect(await through.find(spec.name)).toMatchObject({ state: 'running' });
      await docker.getContainer(spec.name).kill({ signal: 'SIGKILL' });
      await until(async () => expect(exited).toContain(spec.name));
    } finally {
      await through.stop(spec.name, 0);
      await through.close();
      await cut(server);
    }
  });

  test('a build whose engine goes away ends at once', async () => {
    const path = join(home, 'engine2.sock');
    const server = await serveAt(path);
    const through = await createDockerRuntime({
      instance: `${instance}z`,
      log,
      logs: createAppLogs(),
      socketPath: path,
    });
    const source = join(home, 'cut');
    await mkdir(source);
    const text = `FROM ${base}\nRUN node -e "console.log(1 + 1); setInterval(_ => 0, 1e3)"\n`;
    await writeFile(join(source, 'Dockerfile'), text);
    const building = through.build({
      deploymentId: 8,
      revision: 1,
      name: `borgos-own-${instance}-cut-8-r1`,
      source,
      recipe,
      log: (line) => {
        if (line === '2\n') void cut(server);
      },
      signal: AbortSignal.timeout(30_000),
    });
    await expect(building).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' });
    await through.close();
  });
});
