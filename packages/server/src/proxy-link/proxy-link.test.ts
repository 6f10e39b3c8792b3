import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  link as linkFile,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { connectProxy, type ProxyLink } from './proxy-link.ts';

// Every test starts processes, on machines that have other things to do.
vi.setConfig({ testTimeout: 40_000 });

const log = { debug: () => {}, warn: () => {}, error: () => {} };

async function waitUntil(condition: () => boolean | Promise<boolean>, timeoutMs = 15_000) {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${condition}`);
    await delay(5);
  }
}

/** Ends what a test may have left running, by the pid that the directory names. */
async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'borgos-link-'));
  onTestFinished(async () => {
    const pid = await readFile(join(directory, 'proxy.pid'), 'utf8').catch(() => '');
    if (pid !== '' && isAlive(Number(pid))) process.kill(Number(pid), 'SIGKILL');
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  });
  return directory;
}

async function connect(directory: string): Promise<ProxyLink> {
  const link = await connectProxy({ directory, host: '127.0.0.1', log });
  onTestFinished(() => link.shutdown());
  return link;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The pids of all processes that were started for the directory. */
async function proxiesOf(directory: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return pids.filter((_pid, index) => commands[index]?.includes(directory));
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function app(text: string): Promise<{ host: string; port: number }> {
  const server = createServer((_incoming, response) => void response.end(text));
  const port = await listen(server);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { host: '127.0.0.1', port };
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}

const visit = (port: number) => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text());
const answers = (port: number, text: string) => () =>
  visit(port).then(
    (got) => got === text,
    () => false,
  );

test('it starts a proxy, routes, switches, drains and unroutes, all of it repeatable', async () => {
  const link = await connect(await temporaryDirectory());
  const [a, b, port] = [await app('a'), await app('b'), await freePort()];
  await link.route({ deploymentId: 1, port, target: null });
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(503);
  for (let round = 0; round < 2; round += 1) {
    await link.route({ deploymentId: 1, port, target: a });
    expect(await visit(port)).toBe('a');
  }
  await link.route({ deploymentId: 1, port, target: b });
  expect(await visit(port)).toBe('b');
  await link.drain(1, a, 1_000);
  await link.drain(1, a, 1_000);
  expect(await link.list()).toEqual([{ deploymentId: 1, port, target: b, problem: null }]);
  await link.unroute(1, 1_000);
  await link.unroute(1, 1_000);
  expect(await link.list()).toEqual([]);
  await expect(visit(port)).rejects.toThrow();
});

test('it tells what became of the requests', async () => {
  const link = await connect(await temporaryDirectory());
  const [a, port] = [await app('a'), await freePort()];
  expect(await link.counts()).toEqual([]);
  await link.route({ deploymentId: 1, port, target: a });
  await visit(port);
  expect(await link.counts()).toMatchObject([
    {
      deploymentId: 1,
      answered: { '2xx': 1, '3xx': 0, '4xx': 0, '5xx': 0 },
      latency: [[expect.any(Number), 1]],
    },
  ]);
});

test('a port of another process fails the release with PORT_IN_USE', async () => {
  const link = await connect(await temporaryDirectory());
  const { port } = await app('somebody else');
  await expect(link.route({ deploymentId: 1, port, target: null })).rejects.toMatchObject({
    name: 'ReleaseFailure',
    code: 'PORT_IN_USE',
    message: `Port ${port} on 127.0.0.1 is used by another process. Stop that process or choose another port.`,
  });
  expect(await link.list()).toEqual([]);
});

test('a port that another process took while no proxy ran is told of until it is free', async () => {
  const directory = await temporaryDirectory();
  const first = await connect(directory);
  const [a, port] = [await app('a'), await freePort()];
  const route = { deploymentId: 1, port, target: a };
  await first.route(route);
  await first.shutdown();
  const thief = createServer().listen(port, '127.0.0.1');
  onTestFinished(() => void thief.close());
  await once(thief, 'listening');
  const link = await connect(directory);
  const problem = expect.stringContaining(`Port ${port} on 127.0.0.1 is used by another process`);
  expect(await link.list()).toEqual([{ ...route, problem }]);
  await expect(link.route(route)).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  thief.close();
  await waitUntil(async () => (await link.list())[0]?.problem === null);
  expect(await visit(port)).toBe('a');
});

test('an unused proxy ends with its server, and nothing is left', async () => {
  const directory = await temporaryDirectory();
  const link = await connect(directory);
  const { pid } = link;
  expect(isAlive(pid)).toBe(true);
  await link.close();
  expect(isAlive(pid)).toBe(false);
  expect(await readdir(directory)).not.toContain('proxy.pid');
});

test('a proxy with routes goes on without its server and is adopted by the next one', async () => {
  const directory = await temporaryDirectory();
  const first = await connect(directory);
  const [a, port] = [await app('a'), await freePort()];
  await first.route({ deploymentId: 1, port, target: a });
  await first.close();
  expect(await visit(port)).toBe('a');
  const second = await connect(directory);
  expect(second.pid).toBe(first.pid);
  expect(await second.list()).toEqual([{ deploymentId: 1, port, target: a, problem: null }]);
});

test('killed, the proxy is back with its routes within a second, again and again', async () => {
  const directory = await temporaryDirectory();
  const link = await connect(directory);
  const [a, port] = [await app('a'), await freePort()];
  await link.route({ deploymentId: 1, port, target: a });
  const absences: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const { pid } = link;
    const begun = performance.now();
    process.kill(pid, 'SIGKILL');
    await waitUntil(() => !isAlive(pid));
    await waitUntil(answers(port, 'a'));
    absences.push(performance.now() - begun);
    await waitUntil(() => link.pid !== pid);
  }
  expect(Math.min(...absences)).toBeLessThan(1_000);
});

test('an adopted proxy is watched like one of its own', async () => {
  const directory = await temporaryDirectory();
  const first = await connect(directory);
  const [a, port] = [await app('a'), await freePort()];
  await first.route({ deploymentId: 1, port, target: a });
  await first.close();
  const second = await connect(directory);
  const { pid } = second;
  process.kill(pid, 'SIGKILL');
  await waitUntil(() => second.pid !== pid);
  expect(await visit(port)).toBe('a');
});

test('a call in the middle of which the proxy dies succeeds with the next one', async () => {
  const link = await connect(await temporaryDirectory());
  const [a, b, port] = [await app('a'), await app('b'), await freePort()];
  await link.route({ deploymentId: 1, port, target: a });
  for (let round = 0; round < 3; round += 1) {
    process.kill(link.pid, 'SIGKILL');
    await link.route({ deploymentId: 1, port, target: round % 2 ? a : b });
    expect(await visit(port)).toBe(round % 2 ? 'a' : 'b');
  }
});

test('a proxy that hangs is replaced', async () => {
  const link = await connect(await temporaryDirectory());
  const [a, port] = [await app('a'), await freePort()];
  await link.route({ deploymentId: 1, port, target: a });
  const { pid } = link;
  process.kill(pid, 'SIGSTOP');
  expect(await link.list()).toEqual([{ deploymentId: 1, port, target: a, problem: null }]);
  expect(isAlive(pid)).toBe(false);
  expect(await visit(port)).toBe('a');
});

test('two servers that start at once share one proxy', async () => {
  const directory = await temporaryDirectory();
  const links = await Promise.all([connect(directory), connect(directory), connect(directory)]);
  expect(new Set(links.map((link) => link.pid)).size).toBe(1);
  await Promise.all(links.map((link) => link.close()));
  await waitUntil(async () => (await proxiesOf(directory)).length === 0);
});

test('what a crash left behind is no obstacle', async () => {
  const directory = await temporaryDirectory();
  const dead = createTcpServer().listen(join(directory, 'control.sock'));
  await once(dead, 'listening');
  const holder = spawn(process.execPath, ['-e', '']);
  await once(holder, 'exit');
  await writeFile(join(directory, 'proxy.pid'), `${holder.pid}\n`);
  await writeFile(join(directory, 'proxy.lock'), '');
  dead.unref();
  // As after a kill -9: the file is there and nobody listens.
  await closeKeepingFile(dead, join(directory, 'control.sock'));
  const link = await connect(directory);
  expect(await link.list()).toEqual([]);
});

async function closeKeepingFile(server: Server | ReturnType<typeof createTcpServer>, path: string) {
  await linkFile(path, `${path}.kept`);
  server.close();
  await once(server, 'close');
  await rename(`${path}.kept`, path);
}

test('the proxy has a session of its own and nothing of the environment', async () => {
  process.env.BORGOS_TEST_SECRET = 'secret';
  onTestFinished(() => {
    delete process.env.BORGOS_TEST_SECRET;
  });
  const link = await connect(await temporaryDirectory());
  const environment = await readFile(`/proc/${link.pid}/environ`, 'utf8');
  expect(environment).not.toContain('secret');
  const status = await readFile(`/proc/${link.pid}/stat`, 'utf8');
  const session = Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[3]);
  expect(session).toBe(link.pid);
});

test('a server that is killed leaves a serving proxy behind', async () => {
  const directory = await temporaryDirectory();
  const [a, port] = [await app('a'), await freePort()];
  const script = `
    import { connectProxy } from ${JSON.stringify(new URL('./proxy-link.ts', import.meta.url).href)};
    const log = { debug() {}, warn() {}, error() {} };
    const link = await connectProxy({ directory: process.argv[1], host: '127.0.0.1', log });
    await link.route(${JSON.stringify({ deploymentId: 1, port, target: a })});
    console.log('routed');
    setInterval(() => {}, 1000);
  `;
  const server = spawn(process.execPath, ['--input-type=module', '-e', script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(server.stdout, 'data');
  server.kill('SIGKILL');
  await once(server, 'exit');
  expect(await visit(port)).toBe('a');
});

test('a proxy that cannot start is reported with what it said', async () => {
  const directory = await temporaryDirectory();
  await writeFile(
    join(directory, 'proxy.lock'),
    'this is no database, and so no lock can be taken',
  );
  await expect(connect(directory)).rejects.toThrow(/did not start[\s\S]*file is not a database/);
});
