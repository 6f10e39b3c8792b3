import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectForTests } from '../agent-adapters/agent-zero/testing/connect-for-tests.ts';
import { buildFakeImage } from '../agent-adapters/agent-zero/testing/fake-image.ts';
import {
  type FakeInstallation,
  installFake,
} from '../agent-adapters/agent-zero/testing/fake-installation.ts';
import { isPortFree } from '../deployments/ports.ts';
import { findDocker } from '../runtimes/docker/engine.ts';
import { openServiceContainers } from '../runtimes/docker/service-containers.ts';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { dockerForTests } from '../testing/docker-for-tests.ts';
import { freePort } from '../testing/free-port.ts';
import { type ServerProcess, startServerProcess } from '../testing/server-process.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';

const { available } = await dockerForTests();
const docker = new Docker();
let image = '';
let fake: FakeInstallation;
beforeAll(async () => {
  if (available) image = await buildFakeImage(docker);
  fake = await installFake({
    A0_PERSISTENT_RUNTIME_ID: 'ab'.repeat(16),
    AUTH_LOGIN: 'borgos',
    AUTH_PASSWORD: 's3cret',
  });
});
afterAll(async () => {
  await fake.remove();
  if (available) await docker.getImage(image).remove();
});

async function containersOf(home: string) {
  const instance = (await readFile(path.join(home, 'instance'), 'utf8')).trim();
  const label = [`borgos.instance=${instance}`, 'borgos.service=agent-zero'];
  return docker.listContainers({ all: true, filters: { label } });
}

async function onlyContainerOf(home: string) {
  const [found, ...others] = await containersOf(home);
  expect(others).toEqual([]);
  return docker.getContainer(found?.Id ?? 'none');
}

describe.runIf(available)('an Agent Zero that BorgOS runs in Docker', () => {
  let testApp: TestApp;
  let port: number;
  beforeAll(async () => {
    port = await freePort();
    const { directory } = fake;
    testApp = await startTestApp({
      settings: { agentZero: { image, directory, port, url: undefined, python: undefined } },
    });
  });
  afterAll(async () => {
    await testApp.request('POST', '/api/v1/agent-zero/stop');
    await testApp.close();
  });

  const status = () => testApp.client.agentZero.status();

  function ended(id: number) {
    return waitFor(`task ${id} to end`, async () => {
      const task = await testApp.client.agentTasks.get({ id });
      return task.completed_at !== null && task;
    });
  }

  async function execute(prompt: string, context: object = {}): Promise<number> {
    const task = { type: 'test', description: 'A test', prompt, context };
    const { body } = await testApp.request('POST', '/api/v1/agent-zero/execute', task);
    return body.task_id;
  }

  function untilSays(id: number, text: string) {
    return waitFor(`task ${id} to say ${text}`, async () => {
      const { data } = await testApp.client.agentTasks.events({ id, type: ['message'] });
      return data.some((event) => event.data.text === text);
    });
  }

  test('is started in a container of its own, and gone when it is stopped', async () => {
    const ui_url = `http://localhost:${port}`;
    const start = await testApp.request('POST', '/api/v1/agent-zero/start');
    expect(start.body).toEqual({ success: true, status: { running: true, port, ui_url } });
    const container = await onlyContainerOf(testApp.home);
    const { State, HostConfig } = await container.inspect();
    expect(await status()).toEqual({
      running: true,
      port,
      process_id: State.Pid,
      directory: fake.directory,
      ui_url,
    });
    expect(HostConfig.PortBindings).toEqual({
      '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }],
    });
    // Again, it is the same one.
    await testApp.client.agentZero.start();
    expect((await status()).process_id).toBe(State.Pid);

    await testApp.client.agentZero.stop();
    expect(await status()).toMatchObject({ running: false, process_id: null, ui_url: null });
    expect(await containersOf(testApp.home)).toEqual([]);
    expect(await isPortFree(port)).toBe(true);
    const log = await readFile(path.join(testApp.home, 'agent-zero', 'output.log'), 'utf8');
    // It had the time to end by itself, and nothing of what it said is missing.
    expect(log).toBe('Initializing Python framework...\nBye\n');
  });

  test('works on tasks, with the login and the key of its folder', async () => {
    await testApp.client.agentZero.start();
    const cancelled = await execute('behave: hang');
    const id = await execute('behave: slow', { files: ['report.txt'] });
    const folder = path.join(testApp.home, 'agents', 'work', String(id));
    await untilSays(cancelled, 'working');
    await testApp.client.agentTasks.cancel({ id: cancelled });
    await untilSays(id, 'one');
    await writeFile(path.join(folder, 'report.txt'), 'All is well.\n');
    for (const step of ['one', 'two', 'three'])
      await writeFile(path.join(folder, `go-${step}`), '');
    const task = await ended(id);
    expect(task).toMatchObject({ status: 'completed', output_data: { text: 'finished' } });
    expect(task.output_data?.files).toEqual([
      { name: 'report.txt', bytes: 13, text: 'All is well.\n' },
    ]);
    expect((await ended(cancelled)).status).toBe('cancelled');
    expect(await testApp.client.agentOrphans.list()).toEqual([]);
  });

  test('does not run any more once it is killed, and is started again', async () => {
    await testApp.client.agentZero.start();
    const { process_id } = await status();
    const id = await execute('behave: hang');
    await untilSays(id, 'working');
    const container = await onlyContainerOf(testApp.home);
    await container.kill();
    await waitFor('its end to be seen', async () => !(await status()).running, 2_000);
    expect(await ended(id)).toMatchObject({ status: 'failed', error_code: 'AGENT_CRASHED' });
    const next = await waitFor('the next one', async () => {
      const now = await status();
      return now.running && now;
    });
    expect(next.process_id).not.toBe(process_id);
    await onlyContainerOf(testApp.home);
    await testApp.client.agentZero.stop();
  });

  test('says what it printed when it ends at its start', async () => {
    const settings = path.join(fake.directory, 'usr', 'fake.json');
    await writeFile(settings, JSON.stringify({ dies: true }));
    const { status: code, body } = await testApp.request('POST', '/api/v1/agent-zero/start');
    await rm(settings);
    expect(code).toBe(409);
    expect(body).toMatchObject({ code: 'AGENT_ZERO_FAILED' });
    expect(body.message).toContain("No module named 'flask'");
    await waitFor('the container to go', async () => {
      return (await containersOf(testApp.home)).length === 0;
    });
  });

  test('names the container that has its port', async () => {
    const name = `borgos-test-holder-${process.pid}`;
    const holder = await docker.createContainer({
      name,
      Image: image,
      ExposedPorts: { '80/tcp': {} },
      HostConfig: {
        Init: true,
        PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] },
      },
    });
    try {
      await holder.start();
      const { body } = await testApp.request('POST', '/api/v1/agent-zero/start');
      expect(body).toMatchObject({ code: 'PORT_IN_USE' });
      expect(body.message).toContain(`container ${name}`);
    } finally {
      await holder.remove({ force: true });
    }
  });
});

describe.runIf(available)('an Agent Zero in Docker that cannot be started', () => {
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'borgos-home-'));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  const open = (fields: Partial<Parameters<typeof connectForTests>[0]>) =>
    connectForTests({ home, directory: undefined, port: 8085, instance: 'absent', ...fields });

  test('says how to get its image', async () => {
    const missing = 'borgos-test/no-agent-zero:1';
    const zero = open({ image: missing });
    await expect(zero.start()).rejects.toMatchObject({
      code: 'AGENT_ZERO_NOT_CONFIGURED',
      message: expect.stringContaining(`\`docker pull ${missing}\``),
    });
    expect(await zero.status()).toMatchObject({ running: false });
    await zero.adapter.close();
  });

  test('says that there is no Docker Engine', async () => {
    const socket = path.join(home, 'docker.sock');
    const zero = open({ image, containers: openServiceContainers('absent', socket) });
    await zero.recover();
    for (const refused of [zero.start(), zero.stop()]) {
      await expect(refused).rejects.toMatchObject({
        code: 'AGENT_ZERO_FAILED',
        message: expect.stringContaining(`Docker Engine does not answer at ${socket}`),
      });
    }
    expect(await zero.status()).toMatchObject({ running: false, process_id: null });
    await zero.adapter.close();
  });
});

test.runIf(available)('an engine that is silent for a while is no end of Agent Zero', async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'borgos-home-'));
  const link = await linkToEngine(path.join(home, 'docker.sock'));
  const instance = `silent-${process.pid}`;
  const containers = openServiceContainers(instance, link.socketPath);
  const port = await freePort();
  const zero = connectForTests({ home, directory: undefined, port, instance, image, containers });
  const told: string[] = [];
  zero.onChange(({ status }) => told.push(status));
  try {
    await zero.start();
    const first = await zero.status();
    await link.cut();
    expect(await zero.status()).toEqual(first);
    await expect(zero.stop()).rejects.toMatchObject({ code: 'AGENT_ZERO_FAILED' });
    await waitFor('it to be seen again', async () => (await zero.status()).running);
    await zero.start();
    expect(await zero.status()).toEqual(first);
    // Nobody tells that it has ended, but it answers no more.
    await docker.getContainer(`borgos-${instance}-agent-zero`).kill();
    await waitFor('its end to be seen', async () => !(await zero.status()).running, 2_000);
    expect(told).not.toContain('failed');
    await link.mend();
    await waitFor('its end to be told', async () => told.includes('failed'));
  } finally {
    await link.mend();
    await zero.stop();
    await zero.adapter.close();
    await link.cut();
    await rm(home, { recursive: true, force: true });
  }
});

/** A way to the engine that can be cut. */
async function linkToEngine(socketPath: string) {
  const engine = await findDocker();
  if (!engine.ok) throw new Error(engine.reason);
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  const link = {
    socketPath,
    async mend() {
      if (server) return;
      server = createServer((socket) => {
        const other = connect(engine.socketPath);
        for (const [from, to] of [
          [socket, other],
          [other, socket],
        ] as const) {
          sockets.add(from);
          from.pipe(to);
          from.on('error', () => to.destroy()).on('close', () => sockets.delete(from));
        }
      });
      server.listen(socketPath);
      await once(server, 'listening');
    },
    async cut() {
      const closed = server && once(server, 'close');
      server?.close();
      server = undefined;
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  await link.mend();
  return link;
}

test.runIf(available)(
  'an Agent Zero in Docker outlives that BorgOS is killed, and goes when it is not wanted any more',
  { timeout: 40_000 },
  async ({ onTestFinished }) => {
    const home = await mkdtemp(path.join(tmpdir(), 'borgos-crash-'));
    const database = await cloneDatabase();
    const port = await freePort();
    const start = (variables: Record<string, string> = { BORGOS_AGENT_ZERO_IMAGE: image }) =>
      startServerProcess({
        BORGOS_HOME: home,
        BORGOS_RUNTIME: 'docker',
        BORGOS_AGENT_ZERO_PORT: String(port),
        DATABASE_URL: database.databaseUrl,
        ...variables,
      });
    let server: ServerProcess = await start();
    onTestFinished(async () => {
      await server.end('SIGTERM');
      for (const { Id } of await containersOf(home)) {
        await docker.getContainer(Id).remove({ force: true });
      }
      await database.drop();
      await rm(home, { recursive: true, force: true });
    });
    const status = () => server.client.agentZero.status();
    await server.client.agentZero.start();
    const first = await status();
    await server.end('SIGKILL');
    server = await start();
    expect(await status()).toEqual(first);
    // What it prints goes on where it was.
    await server.client.agentZero.execute({ type: 'test', description: 'Say something' });
    const log = path.join(home, 'agent-zero', 'output.log');
    const said = 'Initializing Python framework...\nUser message: Say something\n';
    await waitFor('its output', async () => (await readFile(log, 'utf8')).length >= said.length);
    expect((await readFile(log, 'utf8')).startsWith(said)).toBe(true);

    const container = await onlyContainerOf(home);
    await server.end('SIGKILL');
    await container.kill();
    server = await start();
    const next = await waitFor('the next one', async () => {
      const now = await status();
      return now.running && now;
    });
    expect(next.process_id).not.toBe(first.process_id);
    await server.end('SIGKILL');
    server = await start({});
    expect(await status()).toMatchObject({ running: false, directory: null });
    expect(await containersOf(home)).toEqual([]);
  },
);
