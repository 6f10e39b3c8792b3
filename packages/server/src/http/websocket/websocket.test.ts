import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { mostSubscriptions } from '@borgos/contracts/channels';
import { type AnyEvent, events } from '@borgos/contracts/events';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemActor } from '../../caller.ts';
import { appendEvent } from '../../events/append.ts';
import { exchange, parseAnswer } from '../../testing/http-server.ts';
import { startTestApp, type TestApp } from '../../testing/test-app.ts';
import { waitFor } from '../../testing/wait-for.ts';
import { openWebSocket, refusedWebSocket } from '../../testing/websocket-client.ts';

let testApp: TestApp;
let port: number;
const logged: string[] = [];
beforeAll(async () => {
  const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
  testApp = await startTestApp({ log, settings: { allowedOrigins: ['https://borgos.example'] } });
  port = Number(new URL(testApp.url).port);
});
afterAll(() => testApp.close());

const project = (id: number) => ({ id, name: `project ${id}`, path: `/${id}` });
const deployment = (id: number) => ({
  ...{ id, project_id: 1, name: 'prod', port: 4000, status: 'running' as const, revision: 1 },
  ...{ status_reason: null, failure_code: null, stage: null },
});

async function append<T extends AnyEvent['type']>(
  type: T,
  data: Extract<AnyEvent, { type: T }>['data'],
): Promise<void> {
  await appendEvent(testApp.app.database.db, type, data as never, systemActor);
}

/** Has everybody told all that has happened. */
async function settled(client: Awaited<ReturnType<typeof openWebSocket>>): Promise<number> {
  const { db } = testApp.app.database;
  const { newest } = await db
    .selectFrom('events')
    .select(({ fn }) => fn.max('seq').as('newest'))
    .executeTakeFirstOrThrow();
  let seq = 0;
  await waitFor(`the event ${newest}`, async () => {
    ({ seq } = (await client.ask({ type: 'ping' })).data);
    return seq >= (newest ?? 0);
  });
  return seq;
}

describe('a client', () => {
  test('is told of a project that is created, as the reference shows it', async () => {
    const client = await openWebSocket(testApp.url);
    const answer = await client.ask({
      type: 'subscribe',
      channels: ['projects', 'deployments', 'errors'],
    });
    expect(answer).toEqual({
      type: 'subscribed',
      data: {
        channels: ['projects', 'deployments', 'errors'],
        seq: expect.any(Number),
        oldest_seq: 1,
      },
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      request_id: 'ask 1',
    });
    const { id, name, path } = await testApp.client.projects.create({ name: 'New', path: '/new' });
    const event = await client.next('project_created');
    expect(event).toEqual({
      type: 'project_created',
      data: { id, name, path },
      seq: expect.any(Number),
      timestamp: expect.stringMatching(/Z$/),
    });
    expect(event.seq).toBeGreaterThan(answer.data.seq);
    events.project_created.parse(event.data);
  });

  test('hears nothing that it has not subscribed to', async () => {
    const silent = await openWebSocket(testApp.url);
    const other = await openWebSocket(testApp.url);
    await other.ask({ type: 'subscribe', channels: ['deployments', 'system'] });
    await append('project_created', project(11));
    await append('user_created', { id: 1, name: 'x', scopes: [] });
    await settled(silent);
    await settled(other);
    expect(silent.seqs()).toEqual([]);
    expect(other.seqs()).toEqual([]);
  });

  test('hears of one object alone, and once of what it has subscribed to twice', async () => {
    const one = await openWebSocket(testApp.url);
    const both = await openWebSocket(testApp.url);
    await one.ask({ type: 'subscribe', channels: ['deployments:7'] });
    await both.ask({ type: 'subscribe', channels: ['deployments:7', 'deployments'] });
    for (const id of [7, 8, 7, 77]) await append('deployment_status', deployment(id));
    await settled(one);
    await settled(both);
    expect(one.messages.flatMap(({ seq, data }) => (seq ? data.id : []))).toEqual([7, 7]);
    expect(both.messages.flatMap(({ seq, data }) => (seq ? data.id : []))).toEqual([7, 8, 7, 77]);
  });

  test('hears no more of what it unsubscribes from, of all if it names none', async () => {
    const client = await openWebSocket(testApp.url);
    await client.ask({ type: 'subscribe', channels: ['projects', 'deployments', 'scans:4'] });
    const first = await client.ask({ type: 'unsubscribe', channels: ['projects'] });
    expect(first.data).toEqual({ channels: ['projects'] });
    await append('project_created', project(12));
    await append('deployment_status', deployment(7));
    await settled(client);
    expect(client.seqs()).toHaveLength(1);
    const rest = await client.ask({ type: 'unsubscribe' });
    expect(rest.data).toEqual({ channels: ['deployments', 'scans:4'] });
    await append('deployment_status', deployment(7));
    await settled(client);
    expect(client.seqs()).toHaveLength(1);
  });

  test.each([
    ['{', 'INVALID_JSON', /not valid JSON/],
    ['', 'INVALID_JSON', /not valid JSON/],
    ['null', 'VALIDATION_FAILED', /type must be one of subscribe, unsubscribe, ping/],
    ['[]', 'VALIDATION_FAILED', /type must be one of/],
    ['{"type":"hello"}', 'VALIDATION_FAILED', /type must be one of/],
    ['{"type":"subscribe"}', 'VALIDATION_FAILED', /channels is required/],
    ['{"type":"subscribe","channels":"projects"}', 'VALIDATION_FAILED', /channels must be a list/],
    ['{"type":"subscribe","channels":[]}', 'VALIDATION_FAILED', /channels must not be empty/],
    [
      '{"type":"subscribe","channels":["project"]}',
      'VALIDATION_FAILED',
      /channels\.0 must be one of projects, scans, deployments, errors, tasks, agents, system, or/,
    ],
    ['{"type":"subscribe","channels":["deployments:0"]}', 'VALIDATION_FAILED', /channels\.0/],
    ['{"type":"subscribe","channels":["projects"],"since":-1}', 'VALIDATION_FAILED', /since/],
    ['{"type":"subscribe","channels":["projects"],"since":1.5}', 'VALIDATION_FAILED', /since/],
    [
      '{"type":"ping","x":1}',
      'VALIDATION_FAILED',
      /x is not known here; allowed: type, request_id/,
    ],
  ])('is told what is wrong with %s', async (text, code, message) => {
    const client = await openWebSocket(testApp.url);
    client.send(text);
    const { data } = await client.next('error');
    expect(data).toEqual({ code, message: expect.stringMatching(message) });
    expect((await client.ask({ type: 'ping' })).type).toBe('pong');
  });

  test('is told so when it sends bytes, and gets its request_id back with an error', async () => {
    const client = await openWebSocket(testApp.url);
    client.ws.send(Buffer.from('{"type":"ping"}'), { binary: true });
    const { data } = await client.next('error');
    expect(data.code).toBe('VALIDATION_FAILED');
    expect(data.message).toContain('text');
    client.send({ type: 'subscribe', channels: ['x'], request_id: 42 });
    expect(await client.next('error')).toMatchObject({ request_id: 42 });
  });

  test('has at most 100 subscriptions', async () => {
    const client = await openWebSocket(testApp.url);
    const keys = (first: number, count: number) =>
      Array.from({ length: count }, (_, index) => `deployments:${first + index}`);
    const many = await client.ask({ type: 'subscribe', channels: keys(1, 500) });
    expect(many.data.code).toBe('VALIDATION_FAILED');
    const all = await client.ask({ type: 'subscribe', channels: keys(1, mostSubscriptions) });
    expect(all.type).toBe('subscribed');
    const again = await client.ask({ type: 'subscribe', channels: keys(1, 50) });
    expect(again.type).toBe('subscribed');
    const more = await client.ask({ type: 'subscribe', channels: ['projects', 'deployments:1'] });
    expect(more.data).toEqual({
      code: 'VALIDATION_FAILED',
      message: expect.stringContaining('100 subscriptions and has 100'),
    });
    await append('project_created', project(13));
    await settled(client);
    expect(client.seqs()).toEqual([]);
  });

  test('that sends more than 10 messages a second is warned, and then disconnected', async () => {
    const client = await openWebSocket(testApp.url);
    for (let number = 0; number < 100; number += 1)
      client.send({ type: 'ping', request_id: number });
    expect(await client.closed).toEqual({
      code: 1008,
      reason: expect.stringContaining('More than 10 messages a second'),
    });
    const types = client.messages.map(({ type }) => type);
    expect(types.slice(0, 10)).toEqual(Array(10).fill('pong'));
    expect(client.messages[10]).toMatchObject({
      type: 'error',
      data: { code: 'RATE_LIMITED' },
      request_id: 10,
    });
    expect(types.length).toBeLessThan(40);
  });

  test('that floods it with pings of the protocol is disconnected, too', async () => {
    const client = await openWebSocket(testApp.url);
    let pongs = 0;
    client.ws.on('pong', () => {
      pongs += 1;
    });
    for (let number = 0; number < 100; number += 1) client.ws.ping();
    expect((await client.closed).code).toBe(1008);
    expect(pongs).toBeGreaterThanOrEqual(10);
    expect(pongs).toBeLessThan(20);
  });
});

describe('the handshake', () => {
  const own = () => `localhost:${port}`;

  test('lets in who names no origin, its own page, and a configured one', async () => {
    const accepted: Record<string, string>[] = [
      {},
      { origin: `http://127.0.0.1:${port}` },
      { origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' },
      { origin: 'https://borgos.example', 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of accepted) {
      const client = await openWebSocket(testApp.url, { headers });
      expect((await client.ask({ type: 'ping' })).type).toBe('pong');
    }
  });

  test.each([
    [{ origin: 'https://evil.test' }, 403, 'FORBIDDEN'],
    [{ origin: 'null' }, 403, 'FORBIDDEN'],
    [{ 'sec-fetch-site': 'cross-site' }, 403, 'FORBIDDEN'],
    [{ host: 'evil.test' }, 421, 'MISDIRECTED_REQUEST'],
    [{ 'x-forwarded-for': '203.0.113.7' }, 401, 'UNAUTHORIZED'],
    [{ authorization: 'Bearer borg_wrong' }, 401, 'UNAUTHORIZED'],
  ])('refuses %j with %i', async (headers, status, code) => {
    const answer = await refusedWebSocket(testApp.url, { headers });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ code, request_id: answer.headers['x-request-id'] });
    expect(answer.headers.connection).toBe('close');
    if (status === 401) expect(answer.headers['www-authenticate']).toBe('Bearer');
  });

  test('takes a token among the protocols, as browsers send it, and never tells it on', async () => {
    const { token } = await testApp.client.tokens.create({ name: 't', scopes: ['projects:read'] });
    const protocols = ['borgos', `borgos.bearer.${token}`];
    const forwarded = { 'x-forwarded-for': '203.0.113.7' };
    const client = await openWebSocket(testApp.url, { protocols, headers: forwarded });
    expect(client.ws.protocol).toBe('borgos');
    const answer = await client.ask({ type: 'subscribe', channels: ['deployments'] });
    expect(answer.data.code).toBe('SCOPE_MISSING');

    const wrong = ['borgos', `borgos.bearer.${token}x`];
    expect(await refusedWebSocket(testApp.url, { protocols: wrong })).toMatchObject({
      status: 401,
    });
    const alone = await refusedWebSocket(testApp.url, { protocols: protocols.slice(1) });
    expect(alone).toMatchObject({ status: 400, body: { message: /Offer the protocol "borgos"/ } });
    const headers = { authorization: `Bearer ${token}` };
    const twice = await refusedWebSocket(testApp.url, { protocols, headers });
    expect(twice).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    expect(logged.length).toBeGreaterThan(10);
    expect(logged.join('')).not.toContain(token);
  });

  test('is explained to who comes without a WebSocket', async () => {
    const answer = await testApp.request('GET', '/ws');
    expect(answer.status).toBe(400);
    expect(answer.body.message).toContain('new WebSocket(');
    expect((await testApp.request('POST', '/ws')).status).toBe(405);
  });

  test('is refused on other paths, and the socket is closed', async () => {
    for (const path of ['/', '/api/v1/projects', '/nowhere', '/ws/x', '/%zz']) {
      const answer = await refusedWebSocket(`ws://127.0.0.1:${port}${path}`);
      expect(answer.status, path).toBe(404);
      expect(answer.body.message).toContain('connect to /ws');
    }
  });

  test('that is none leaves a request what it is', async () => {
    const ask = (path: string, ...lines: string[]) =>
      exchange(
        port,
        `${[`GET ${path} HTTP/1.1`, `Host: ${own()}`, ...lines].join('\r\n')}\r\n\r\n`,
      ).then(parseAnswer);
    // As curl and Java's client do with their first request; the connection goes on being used.
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const headers = {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'A',
    };
    for (const _ of [1, 2]) {
      const sent = request({ agent, port, host: '127.0.0.1', path: '/health', headers }).end();
      const [response] = await once(sent, 'response');
      expect(response.resume().statusCode).toBe(200);
      await once(response, 'end');
    }
    const upgrade = ['Connection: Upgrade', 'Upgrade: websocket'];
    const noKey = await ask('/ws', ...upgrade, 'Sec-WebSocket-Version: 13');
    expect(noKey).toMatchObject({ status: 400, body: { message: /Sec-WebSocket-Key/ } });
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
    const old = await ask('/ws', ...upgrade, key, 'Sec-WebSocket-Version: 7');
    expect(old).toMatchObject({ status: 400, head: /Sec-WebSocket-Version: 13/ });
  });
});

describe('a credential', () => {
  const connect = (authorization: string) =>
    openWebSocket(testApp.url, { headers: { authorization } });

  test('is asked for the scope of each channel, and nothing of a refused message holds', async () => {
    const { token } = await testApp.client.tokens.create({ name: 's', scopes: ['projects:write'] });
    const client = await connect(`Bearer ${token}`);
    const refused = await client.ask({ type: 'subscribe', channels: ['projects', 'errors:3'] });
    expect(refused).toMatchObject({
      type: 'error',
      data: {
        code: 'SCOPE_MISSING',
        message: /needs the scope errors:read; the caller has projects/,
      },
    });
    await append('project_created', project(14));
    await settled(client);
    expect(client.seqs()).toEqual([]);
    const taken = await client.ask({
      type: 'subscribe',
      channels: ['projects', 'scans', 'system'],
    });
    expect(taken.type).toBe('subscribed');
  });

  test('that is revoked ends its connections at once, and no other', async () => {
    const create = (name: string) =>
      testApp.client.tokens.create({ name, scopes: ['projects:read'] });
    const [one, other] = [await create('one'), await create('other')];
    const client = await connect(`Bearer ${one.token}`);
    const stays = await connect(`Bearer ${other.token}`);
    await client.ask({ type: 'subscribe', channels: ['projects'] });
    await testApp.client.tokens.revoke({ id: one.id });
    const { code, reason } = await client.closed;
    expect(code).toBe(1008);
    expect(reason).toContain('credential has ended');
    expect((await stays.ask({ type: 'ping' })).type).toBe('pong');
  });

  test('whose user may do less, is another, or is gone, ends them, too', async () => {
    const password = 'correct horse battery staple';
    const scopes = ['projects:read' as const, 'errors:read' as const];
    const user = await testApp.client.users.create({ name: 'anna', password, scopes });
    const basic = `Basic ${Buffer.from(`anna:${password}`).toString('base64')}`;
    const hearsErrors = await connect(basic);
    const hearsProjects = await connect(basic);
    await hearsErrors.ask({ type: 'subscribe', channels: ['projects', 'errors'] });
    await hearsProjects.ask({ type: 'subscribe', channels: ['projects'] });
    await testApp.client.users.update({ id: user.id, scopes: ['projects:read'] });
    expect(await hearsErrors.closed).toMatchObject({ code: 1008, reason: /scopes/ });
    const after = await hearsProjects.ask({ type: 'subscribe', channels: ['errors'] });
    expect(after.data.code).toBe('SCOPE_MISSING');
    await testApp.client.users.delete({ id: user.id });
    expect(await hearsProjects.closed).toMatchObject({ code: 1008, reason: /ended/ });
  });
});
