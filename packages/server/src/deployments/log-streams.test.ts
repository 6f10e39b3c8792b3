import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { LogEntry } from '@borgos/contracts/deployment-logs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { remoteApp, runIn } from '../error-log/feeds/testing/remote-app.ts';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { startServerProcess } from '../testing/server-process.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { openWebSocket } from '../testing/websocket-client.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());
afterEach(async () => {
  const { data } = await app.client.deployments.list({ offset: 0 });
  for (const { id } of data) await app.client.deployments.delete({ id });
  for (const folder of folders.splice(0)) await folder[Symbol.asyncDispose]();
});

const folders: Awaited<ReturnType<typeof makeProjectFolder>>[] = [];

async function deploy() {
  const folder = await makeProjectFolder(remoteApp);
  folders.push(folder);
  const { id: project_id } = await app.client.projects.create({ name: 'Shop', path: folder.path });
  const answer = await app.client.deployments.deploy({ project_id, name: `n${project_id}` });
  if (!('id' in answer)) throw new Error('the answer is a plan');
  return app.until(answer.id, 'running');
}

interface Streamed {
  response: IncomingMessage;
  lines: LogEntry[];
  blank: number;
  ended: Promise<unknown>;
}

/** Reads as the lines come. */
async function stream(path: string, headers: Record<string, string> = {}): Promise<Streamed> {
  const request = get(`${app.url}${path}`, { headers });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const streamed: Streamed = { response, lines: [], blank: 0, ended: once(response, 'close') };
  createInterface({ input: response }).on('line', (line) => {
    if (line === '') streamed.blank += 1;
    else streamed.lines.push(JSON.parse(line));
  });
  return streamed;
}

const textsOf = ({ lines }: { lines: LogEntry[] }) => lines.map(({ text }) => text);

describe('the log of a deployment', { timeout: 60_000 }, () => {
  test('tells the streams apart, and the revisions, of which it keeps those before', async () => {
    const { id, port, project_id, name } = await deploy();
    await runIn(port, 'console.log("fine"); setTimeout(() => console.error("broken"), 60)');
    const read = () => app.client.deployments.logs({ id, lines: true });
    await waitFor('both', async () => (await read()).lines?.length === 2);
    await app.client.deployments.deploy({ project_id, name });
    await waitFor(
      'the next',
      async () => (await app.client.deployments.get({ id })).revision === 2,
    );
    await runIn(port, 'console.log("again")');
    await waitFor('the third', async () => (await read()).lines?.length === 3);
    const { lines = [], ...log } = await read();
    expect(lines.map(({ text, stream, revision }) => [text, stream, revision])).toEqual([
      ['fine', 'stdout', 1],
      ['broken', 'stderr', 1],
      ['again', 'stdout', 2],
    ]);
    const times = lines.map(({ timestamp }) => Date.parse(timestamp ?? ''));
    expect(times.every((at) => Math.abs(Date.now() - at) < 30_000)).toBe(true);
    expect(times).toEqual(times.toSorted());
    expect(log).toMatchObject({ oldest_offset: 0, kept_bytes: log.size, cap_bytes: 64 * 2 ** 20 });
    const errors = await app.client.deployments.logs({ id, stream: 'stderr' });
    expect(errors.content).toBe('broken\n');
    expect((await app.client.deployments.logs({ id, revision: 2 })).content).toBe('again\n');
    const found = await app.client.deployments.logs({ id, query: 'BROK' });
    expect(found.lines?.[0]).toEqual(lines[1]);
  });

  test('is followed as NDJSON, from the end, a place or the last lines, until it is deleted', async () => {
    const { id, port } = await deploy();
    const path = `/api/v1/deployments/${id}/logs`;
    await runIn(port, 'console.log("one"); console.log("two")');
    const all = await stream(`${path}?follow=true&offset=0`);
    expect(all.response.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    const last = await stream(`${path}?follow=true&tail=1`);
    const errors = await stream(`${path}?follow=true&stream=stderr`);
    await waitFor('the old', async () => all.lines.length === 2 && last.lines.length === 1);
    await runIn(port, 'console.error("three")');
    await waitFor('the new', async () => errors.lines.length === 1 && last.lines.length === 2);
    await waitFor('all', async () => all.lines.length === 3);
    expect(textsOf(all)).toEqual(['one', 'two', 'three']);
    expect(textsOf(last)).toEqual(['two', 'three']);
    expect(errors.lines).toEqual([
      {
        ...{ offset: all.lines[2]?.offset, timestamp: expect.any(String), stream: 'stderr' },
        ...{ revision: 1, generation: expect.any(Number), text: 'three' },
      },
    ]);
    const once = await stream(path, { accept: 'application/x-ndjson' });
    await once.ended;
    expect(once.lines).toEqual(all.lines);
    await app.client.deployments.delete({ id });
    await Promise.all([all.ended, last.ended, errors.ended]);
    expect(all.response.complete).toBe(true);
  });

  test('of a build is followed until the build has ended, well or not', async () => {
    const build = (code: string) => ({
      ...remoteApp,
      'package.json': JSON.stringify({
        ...JSON.parse(remoteApp['package.json'] ?? '{}'),
        scripts: { build: 'node build.js' },
      }),
      'build.js': `console.log('begun'); setTimeout(() => { console.log('done'); ${code} }, 500)`,
    });
    const folder = await makeProjectFolder(build(''));
    folders.push(folder);
    const project = await app.client.projects.create({ name: 'Shop', path: folder.path });
    for (const [code, status] of [
      ['', 'running'],
      ['process.exit(1)', 'failed'],
    ] as const) {
      await folder.write(build(code));
      const name = status;
      const answer = await app.client.deployments.deploy({ project_id: project.id, name });
      if (!('id' in answer)) throw new Error('the answer is a plan');
      const path = `/api/v1/deployments/${answer.id}/logs?stream=build&follow=true&offset=0`;
      const whole = await stream(path);
      await whole.ended;
      expect(whole.response.complete).toBe(true);
      expect(textsOf(whole)).toEqual(expect.arrayContaining(['begun', 'done']));
      await app.until(answer.id, status);
      const later = await stream(path);
      await later.ended;
      expect(textsOf(later)).toEqual(textsOf(whole));
    }
  });

  test('loses nothing for a reader that is slow', async () => {
    const { id, port } = await deploy();
    const follow = await stream(`/api/v1/deployments/${id}/logs?follow=true&offset=0`);
    follow.response.pause();
    await runIn(
      port,
      `for (let number = 0; number < 200000; number += 1000) require('node:fs').writeSync(1,
        Array.from({ length: 1000 }, (_, at) => 'line ' + (number + at) + '\\n').join(''))`,
    );
    const log = () => app.client.deployments.logs({ id, tail: 1 });
    await waitFor('all', async () => (await log()).content === 'line 199999\n');
    expect(follow.lines.length).toBeLessThan(100_000);
    follow.response.resume();
    await waitFor('all to be read', async () => follow.lines.length === 200_000);
    expect(follow.lines.every(({ text }, at) => text === `line ${at}`)).toBe(true);
    follow.response.destroy();
  });

  test('is followed by a hundred at most', async () => {
    const { id } = await deploy();
    const path = `/api/v1/deployments/${id}/logs?follow=true`;
    const all = await Promise.all(Array.from({ length: 100 }, () => stream(path)));
    const { status, headers, body } = await app.request('GET', path);
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'UNAVAILABLE' });
    expect(headers.get('retry-after')).toBe('5');
    for (const { response } of all) response.destroy();
    await waitFor('room', async () => {
      const { response } = await stream(path);
      response.destroy();
      return response.statusCode === 200;
    });
  });

  test('is no stream of a search, and none of what is not there', async () => {
    const { id } = await deploy();
    const search = await app.request('GET', `/api/v1/deployments/${id}/logs?follow=true&query=x`);
    expect(search.status).toBe(400);
    const none = await app.request('GET', '/api/v1/deployments/999/logs?follow=true');
    expect(none.status).toBe(404);
  });
});

describe('over the WebSocket, a log', { timeout: 60_000 }, () => {
  test('is told as it is printed, and from an offset on what was missed', async () => {
    const { id, port } = await deploy();
    const channels = [`deployments:${id}:logs`];
    const client = await openWebSocket(app.url);
    expect((await client.ask({ type: 'subscribe', channels })).data.channels).toEqual(channels);
    await runIn(port, 'console.log("one"); setTimeout(() => console.error("two"), 100)');
    const { data } = await client.next('deployment_log');
    expect(data).toEqual({
      ...{ id, offset: 0, next_offset: expect.any(Number) },
      lines: [expect.objectContaining({ text: 'one', stream: 'stdout', revision: 1, offset: 0 })],
    });
    expect((await client.next('deployment_log')).data.lines[0]).toMatchObject({ stream: 'stderr' });

    await client.ask({ type: 'unsubscribe', channels });
    const back = await openWebSocket(app.url);
    await back.ask({ type: 'subscribe', channels, offset: data.next_offset });
    const missed = await back.next('deployment_log');
    expect(textsOf(missed.data)).toEqual(['two']);
    await runIn(port, 'console.log("three")');
    expect(textsOf((await back.next('deployment_log')).data)).toEqual(['three']);
    await client.ask({ type: 'ping' });
    expect(client.messages.filter(({ type }) => type === 'deployment_log')).toHaveLength(2);
    await app.client.deployments.delete({ id });
    expect((await back.next('deployment_log_end')).data).toEqual({ id });
    const kept = await app.app.database.db.selectFrom('events').select('type').execute();
    expect(kept.map(({ type }) => String(type))).not.toContain('deployment_log');
  });

  test('of a deployment that is not there is an error, and no subscription', async () => {
    const client = await openWebSocket(app.url);
    await client.ask({ type: 'subscribe', channels: ['deployments:999:logs'] });
    expect((await client.next('error')).data).toMatchObject({ code: 'NOT_FOUND' });
    const all = await client.ask({ type: 'unsubscribe' });
    expect(all.data.channels).toEqual([]);
    const wrong = await client.ask({ type: 'subscribe', channels: ['projects:1:logs'] });
    expect(wrong.data.code).toBe('VALIDATION_FAILED');
    const many = Array.from({ length: 21 }, (_, at) => `deployments:${1000 + at}:logs`);
    const refused = await client.ask({ type: 'subscribe', channels: many });
    expect(refused.data.message).toMatch(/20 logs/);
  });

  test('needs the scope to read deployments', async () => {
    const { token } = await app.client.tokens.create({ name: 't', scopes: ['projects:read'] });
    const headers = { authorization: `Bearer ${token}` };
    const client = await openWebSocket(app.url, { headers });
    const answer = await client.ask({ type: 'subscribe', channels: ['deployments:1:logs'] });
    expect(answer).toMatchObject({ type: 'error', data: { code: 'SCOPE_MISSING' } });
  });

  test('tells a client that is too slow what was passed over, and where it goes on', async () => {
    const { id, port } = await deploy();
    const channels = [`deployments:${id}:logs`];
    const client = await openWebSocket(app.url);
    await client.ask({ type: 'subscribe', channels });
    await runIn(port, 'console.log("first")');
    await client.next('deployment_log');
    client.ws.pause();
    await runIn(
      port,
      `let number = 0; const timer = setInterval(() => {
        require('node:fs').writeSync(1, Array.from({ length: 10000 }, () => 'line ' + number++ + ' ' + 'x'.repeat(80) + '\\n').join(''));
        if (number === 300000) { clearInterval(timer); console.log('last'); }
      }, 10)`,
    );
    await waitFor('all', async () => {
      const { content } = await app.client.deployments.logs({ id, tail: 1 });
      return content === 'last\n';
    });
    client.ws.resume();
    const { data } = await client.next('gap');
    expect(data).toMatchObject({ channel: channels[0] });
    await waitFor('the end', async () =>
      client.messages.some(
        ({ type, data }) => type === 'deployment_log' && textsOf(data).includes('last'),
      ),
    );
    // What was told, and what can be read where it says so, is everything.
    const told = client.messages.filter(({ type }) => type === 'deployment_log');
    for (const [at, { data }] of told.entries()) {
      const next = told[at + 1]?.data.offset;
      const gap = client.messages.find(
        (message) => message.type === 'gap' && message.data.offset === data.next_offset,
      );
      if (next !== undefined) expect([data.next_offset, gap?.data.next_offset]).toContain(next);
    }
    const passed = await app.client.deployments.logs({ id, offset: data.offset, max_bytes: 1 });
    expect(passed).toMatchObject({ offset: data.offset, content: expect.stringMatching(/^line /) });
  });
});

test('what an app prints is in its log once, however often BorgOS is killed', async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'borgos-killed-'));
  const database = await cloneDatabase();
  const start = () =>
    startServerProcess({
      BORGOS_HOME: home,
      BORGOS_RUNTIME: 'process',
      DATABASE_URL: database.databaseUrl,
    });
  let server = await start();
  try {
    await using folder = await makeProjectFolder(remoteApp);
    const project = await server.client.projects.create({ name: 'Shop', path: folder.path });
    const answer = await server.client.deployments.deploy({ project_id: project.id, name: 'prod' });
    if (!('id' in answer)) throw new Error('the answer is a plan');
    const { id } = answer;
    const { port } = await waitFor('the app', async () => {
      const deployment = await server.client.deployments.get({ id });
      return deployment.status === 'running' && deployment;
    });
    await runIn(
      port,
      `let at = 0; setInterval(() => {
        for (let more = 0; more < 20; more += 1, at += 1) console[at % 3 ? 'log' : 'error']('number ' + at);
      }, 5)`,
    );
    const read = (query: object) =>
      server.client.deployments.logs({ id, lines: true, max_bytes: 1_048_576, ...query });
    for (let life = 1; life <= 3; life += 1) {
      const { size } = await read({});
      await waitFor('more', async () => (await read({ tail: 1 })).size > size + 200_000);
      await server.end('SIGKILL');
      server = await start();
    }
    await server.client.deployments.stop({ id });
    const numbers: Record<string, number[]> = { stdout: [], stderr: [] };
    for (let offset = 0, isMore = true; isMore; ) {
      const { lines = [], truncated, next_offset } = await read({ offset });
      for (const { stream, text } of lines) numbers[stream]?.push(Number(text.slice(7)));
      offset = next_offset;
      isMore = truncated;
    }
    const last = Math.max(...(numbers.stdout ?? []), ...(numbers.stderr ?? []));
    const all = Array.from({ length: last + 1 }, (_, at) => at);
    expect(numbers.stdout).toEqual(all.filter((at) => at % 3 !== 0));
    expect(numbers.stderr).toEqual(all.filter((at) => at % 3 === 0));
  } finally {
    const { data } = await server.client.deployments.list({ offset: 0 });
    for (const { id } of data) await server.client.deployments.delete({ id });
    await server.end('SIGTERM');
    await database.drop();
    await rm(home, { recursive: true, force: true });
  }
}, 90_000);
