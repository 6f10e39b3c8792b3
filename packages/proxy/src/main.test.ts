import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { limits } from './limits.ts';
import {
  control,
  endProxy,
  spawnProxy,
  spawnUnowned,
  startProxy,
  temporaryDirectory,
  waitUntilUp,
} from './testing/start-proxy.ts';
import { freePort, startTarget, type TestTarget } from './testing/targets.ts';
import { waitUntil } from './testing/wait-until.ts';

// Every test starts processes, on machines that have other things to do.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

async function app(): Promise<TestTarget> {
  const target = await startTarget((_incoming, response) => void response.end('app'));
  onTestFinished(target.close);
  return target;
}

type Json = Record<string, unknown>;

async function route(id = 1): Promise<Json> {
  const { target } = await app();
  const port = await freePort();
  return { deploymentId: id, host: '127.0.0.1', port, target, trustedProxies: [] };
}

const visit = (port: unknown) => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text());

test('what it makes is for its user only', async () => {
  const directory = await temporaryDirectory('proxy');
  await mkdir(directory, { mode: 0o755 });
  const child = await startProxy(directory);
  const a = await route();
  expect((await control(directory, 'PUT', '/routes/1', a)).status).toBe(200);
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  for (const name of await readdir(directory)) {
    expect([name, (await stat(join(directory, name))).mode & 0o077]).toEqual([name, 0]);
  }
  expect((await stat(join(directory, 'control.sock'))).isSocket()).toBe(true);
  expect(Number(await readFile(join(directory, 'proxy.pid'), 'utf8'))).toBe(child.pid);
});

test('its pid is written before it takes up its routes, as that may hang', async () => {
  const directory = await temporaryDirectory('proxy');
  await mkdir(directory);
  await promisify(execFile)('mkfifo', [join(directory, 'routes.json')]);
  const child = spawnProxy(directory);
  const written = () => readFile(join(directory, 'proxy.pid'), 'utf8').catch(() => '');
  await waitUntil(
    async () => (await written()) === `${child.pid}\n`,
    () => 'the pid to be written',
  );
});

test('it tells its pid, version and start, and lists routes', async () => {
  const directory = await temporaryDirectory();
  const child = await startProxy(directory);
  const a = await route();
  await control(directory, 'PUT', '/routes/1', a);
  await control(directory, 'PUT', '/routes/1', a);
  expect(await control(directory, 'GET', '/ping')).toEqual({
    status: 200,
    body: {
      pid: child.pid,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      startedAt: expect.stringMatching(/Z$/),
      routes: 1,
    },
  });
  expect((await control(directory, 'GET', '/routes')).body).toEqual({
    routes: [{ ...a, problem: null }],
  });
});

describe('a control request that is wrong', () => {
  let directory = '';
  let child: ChildProcess | undefined;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'borgos-proxy-'));
    child = spawnUnowned(directory);
    await waitUntilUp(directory);
  });
  afterAll(async () => {
    if (child) await endProxy(child);
    await rm(directory, { recursive: true, force: true });
  });

  test.each([
    ['an unknown field', { extra: 1 }, 'has no field "extra"'],
    ['a missing field', { host: undefined }, 'needs host'],
    ['another id than the path', { deploymentId: 2 }, 'deploymentId differs from the path'],
    ['a fractional id', { deploymentId: 1.5 }, 'deploymentId must be an integer'],
    ['a port out of range', { port: 65_536 }, 'port must be an integer from 1 to 65535'],
    ['a port as text', { port: '80' }, 'port must be an integer'],
    ['a host that is no address', { host: 'example.org' }, 'host must be an IP address'],
    ['a target that is no object', { target: 'a:1' }, 'target must be an object'],
    ['a target without a port', { target: { host: 'a' } }, 'target needs port'],
    ['a target with a wrong host', { target: { host: 'a b', port: 1 } }, 'target.host must be'],
    ['a trusted name', { trustedProxies: ['example.org'] }, 'is no address and no CIDR range'],
    ['a range too wide', { trustedProxies: ['10.0.0.0/33'] }, 'is no address and no CIDR range'],
  ])('a route with %s is refused by name', async (_what, change, message) => {
    const body = { ...(await route()), ...change };
    expect(await control(directory, 'PUT', '/routes/1', body)).toEqual({
      status: 400,
      body: { code: 'INVALID', message: expect.stringContaining(message) },
    });
  });

  test.each([
    ['PUT', '/routes/1', '{', 400],
    ['PUT', '/routes/1', '[]', 400],
    ['PUT', '/routes/0', '{}', 400],
    ['PUT', '/routes/1', `"${'x'.repeat(20_000)}"`, 413],
    ['POST', '/routes/1/drain', '{"target":{"host":"a","port":1},"timeoutMs":-1}', 400],
    ['POST', '/routes/x/remove', '{"timeoutMs":1}', 400],
    ['POST', '/routes/1/remove', '{"timeoutMs":1e9}', 400],
    ['POST', '/shutdown', '{"onlyIfUnused":1}', 400],
    ['DELETE', '/routes/1', '{}', 404],
    ['GET', '/', undefined, 404],
  ])('%s %s %s is refused', async (method, path, body, status) => {
    expect((await control(directory, method, path, body)).status).toBe(status);
    expect((await control(directory, 'GET', '/routes')).body).toEqual({ routes: [] });
  });
});

test('killed and started again it serves its routes at once, over the dead socket file', async () => {
  const directory = await temporaryDirectory();
  const first = await startProxy(directory);
  const a = await route();
  await control(directory, 'PUT', '/routes/1', a);
  await endProxy(first);
  expect(await readdir(directory)).toEqual(expect.arrayContaining(['control.sock', 'proxy.pid']));
  spawnProxy(directory);
  await waitUntil(
    () =>
      visit(a.port).then(
        (text) => text === 'app',
        () => false,
      ),
    () => 'an answer',
  );
  expect((await control(directory, 'GET', '/routes')).body).toMatchObject({ routes: [a] });
});

test('of five that start at once for a directory one stays', async () => {
  const directory = await temporaryDirectory();
  const all = Array.from({ length: 5 }, () => spawnProxy(directory));
  const ended = () => all.filter((child) => child.exitCode !== null);
  await waitUntil(
    () => ended().length === 4,
    () => 'four to end',
  );
  expect(ended().map((child) => child.exitCode)).toEqual([3, 3, 3, 3]);
  await waitUntil(
    () =>
      control(directory, 'GET', '/ping').then(
        () => true,
        () => false,
      ),
    () => 'the fifth to answer',
  );
  const ping = await control(directory, 'GET', '/ping');
  expect(ping.body).toMatchObject({ pid: all.find((child) => child.exitCode === null)?.pid });
});

test('a port taken while it was away is served as soon as it is free again', async () => {
  const directory = await temporaryDirectory();
  const [a, b] = [await route(1), await route(2)];
  const file = JSON.stringify({ routes: [a, b] });
  await writeFile(join(directory, 'routes.json'), file);
  const thief = createServer().listen(Number(a.port), '127.0.0.1');
  await once(thief, 'listening');
  await startProxy(directory);
  expect(await visit(b.port)).toBe('app');
  expect((await control(directory, 'GET', '/routes')).body).toEqual({
    routes: [
      { ...a, problem: expect.stringContaining('used by another process') },
      { ...b, problem: null },
    ],
  });
  expect(await control(directory, 'PUT', '/routes/1', a)).toMatchObject({
    status: 409,
    body: { code: 'PORT_IN_USE' },
  });
  thief.close();
  await waitUntil(
    () =>
      visit(a.port).then(
        (text) => text === 'app',
        () => false,
      ),
    () => 'an answer',
  );
});

test('a broken routes file is put aside', async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'routes.json'), '{"routes": [{"deploymentId"');
  await startProxy(directory);
  expect((await control(directory, 'GET', '/ping')).body).toMatchObject({ routes: 0 });
  expect(await readdir(directory)).toContain('routes.json.broken');
});

test('it works in a directory whose path is too long for a socket', async () => {
  const directory = await temporaryDirectory('long/'.repeat(40));
  await mkdir(directory, { recursive: true });
  await startProxy(directory);
  expect((await control(directory, 'GET', '/ping')).status).toBe(200);
});

test('told to end it finishes what is in flight, keeps its routes and leaves no socket', async () => {
  const directory = await temporaryDirectory();
  const child = await startProxy(directory);
  let answer = () => {};
  const slow = await startTarget((_incoming, response) => {
    answer = () => void response.end('finished');
  });
  onTestFinished(slow.close);
  const a: Json = { ...(await route()), target: slow.target };
  await control(directory, 'PUT', '/routes/1', a);
  const pending = visit(a.port);
  await waitUntil(
    () => slow.connections() === 1,
    () => 'the request',
  );
  const exit = once(child, 'exit');
  expect((await control(directory, 'POST', '/shutdown', { onlyIfUnused: true })).body).toEqual({
    ends: false,
  });
  expect((await control(directory, 'POST', '/shutdown', { onlyIfUnused: false })).body).toEqual({
    ends: true,
  });
  await waitUntil(
    () =>
      visit(a.port).then(
        () => false,
        () => true,
      ),
    () => 'the port to close',
  );
  expect((await control(directory, 'PUT', '/routes/1', a)).body).toMatchObject({ code: 'ENDING' });
  answer();
  expect(await pending).toBe('finished');
  expect(await exit).toEqual([0, null]);
  const left = await readdir(directory);
  expect(left).toContain('routes.json');
  expect(left).not.toContain('proxy.pid');
});

test('SIGTERM ends it though a stream is open, SIGHUP does not', async () => {
  const directory = await temporaryDirectory();
  const child = await startProxy(directory);
  const stream = await startTarget((_incoming, response) => void response.write('some'));
  onTestFinished(stream.close);
  const a: Json = { ...(await route()), target: stream.target };
  await control(directory, 'PUT', '/routes/1', a);
  const pending = visit(a.port).catch(() => 'cut');
  await waitUntil(
    () => stream.connections() === 1,
    () => 'the request',
  );
  child.kill('SIGHUP');
  expect((await control(directory, 'GET', '/ping')).status).toBe(200);
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  expect(await pending).toBe('cut');
});

test('its log does not grow beyond its bound', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'proxy.log');
  await writeFile(path, 'x'.repeat(limits.logBytes + 1));
  const log = await open(path, 'a');
  onTestFinished(() => log.close());
  const child = spawnUnowned(directory, log.fd);
  onTestFinished(() => endProxy(child));
  await waitUntilUp(directory);
  await waitUntil(
    async () => (await stat(path)).size < 1_000 && (await stat(path)).size > 0,
    () => 'the log to be moved',
  );
  expect((await stat(`${path}.1`)).size).toBe(limits.logBytes + 1);
  expect(await readFile(path, 'utf8')).toMatch(/^\S+Z pid \d+, version/);
});

test.each([[[]], [['a', 'b']], [['']]])('started as %j it tells how to use it', async (argv) => {
  const child = spawnProxy(...argv);
  let text = '';
  child.stderr?.on('data', (chunk) => {
    text += chunk;
  });
  expect(await once(child, 'exit')).toEqual([2, null]);
  expect(text).toContain('usage');
});
