import type { Caller } from '@borgos/contracts/caller';
import { defineEndpoint, type Handlers } from '@borgos/contracts/endpoint';
import { errorBody } from '@borgos/contracts/errors';
import { pageQuery } from '@borgos/contracts/page';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { localCaller, unknownCaller } from '../caller.ts';
import { type Database, openDatabase } from '../database/open.ts';
import { AppError } from '../errors.ts';
import { createIdempotency } from '../idempotency/idempotency.ts';
import { newKey } from '../secrets/keys.ts';
import { secretsOf } from '../secrets/secrets.ts';
import { type ClonedDatabase, cloneDatabase } from '../testing/cloned-database.ts';
import { exchange, parseAnswer, startServer } from '../testing/http-server.ts';
import { waitFor } from '../testing/wait-for.ts';
import { OpenCall } from './call.ts';
import { mount } from './mount.ts';

const common = {
  tag: 'Test',
  description: 'A test.',
  scope: 'projects:write',
  errors: [],
} as const;

const endpoints = {
  create: defineEndpoint({
    ...common,
    method: 'POST',
    path: '/api/v1/things',
    summary: 'Create',
    query: z.strictObject({ dry_run: z.boolean().default(false) }),
    body: z.strictObject({ name: z.string(), size: z.int().optional() }),
    status: 201,
    otherStatus: 200,
    response: z.looseObject({}),
  }),
  update: defineEndpoint({
    ...common,
    method: 'PATCH',
    path: '/api/v1/things',
    summary: 'Change',
    body: z.strictObject({ name: z.string() }),
    status: 200,
    response: z.looseObject({}),
  }),
  search: defineEndpoint({
    ...common,
    method: 'POST',
    path: '/api/v1/search',
    summary: 'Search',
    query: z.strictObject({ ...pageQuery }),
    status: 200,
    response: z.looseObject({}),
    list: true,
  }),
  open: defineEndpoint({
    ...common,
    method: 'POST',
    path: '/api/v1/open',
    summary: 'Open',
    scope: null,
    status: 200,
    response: z.looseObject({}),
  }),
};

type Create = Handlers<typeof endpoints>['create'];

let clone: ClonedDatabase;
let database: Database;

beforeAll(async () => {
  clone = await cloneDatabase();
  database = await openDatabase({
    source: { databaseUrl: clone.databaseUrl },
    log: pino({ level: 'silent' }),
  });
});
afterAll(async () => {
  await database.close();
  await clone.drop();
});

/** A server whose handlers count, with all keys new. */
async function start(
  create: Create = async ({ name }) => ({ name }),
  options: Parameters<typeof startServer>[1] = {},
) {
  const secrets = secretsOf([newKey()]);
  const idempotency = createIdempotency({
    db: database.db,
    seal: secrets.seal,
    open: secrets.open,
    fingerprintKey: secrets.derive('idempotency'),
    log: pino({ level: 'silent' }),
  });
  onTestFinished(async () => {
    await database.db.deleteFrom('idempotency_keys').execute();
  });
  const done = { create: 0, update: 0, search: 0 };
  const { url, port } = await startServer(
    (http) =>
      mount(http, endpoints, {
        create: (input, call) => {
          done.create += 1;
          return create(input, call);
        },
        update: async ({ name }) => {
          done.update += 1;
          return { name };
        },
        search: async () => {
          done.search += 1;
          return { items: [{ n: done.search }], total: 7 };
        },
        open: async () => ({}),
      }),
    { ...options, idempotency },
  );
  const send = (key: string, change: Partial<RequestInit> & { path?: string } = {}) => {
    const { path = '/api/v1/things', ...rest } = change;
    return fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: '{"name":"a"}',
      ...rest,
    });
  };
  return { send, done, url, port };
}

async function told(answer: Response) {
  return {
    status: answer.status,
    body: await answer.text(),
    requestId: answer.headers.get('x-request-id'),
    replayed: answer.headers.get('idempotency-replayed'),
  };
}

test('the first answer is given again, with the request that was worked on', async () => {
  const { send, done } = await start();
  const first = await told(await send('k'));
  expect(first).toMatchObject({ status: 201, body: '{"name":"a"}', replayed: null });
  expect(await told(await send('k'))).toEqual({ ...first, replayed: 'true' });
  expect(done.create).toBe(1);
  expect(await told(await send('k2'))).toMatchObject({ status: 201, replayed: null });
  expect(done.create).toBe(2);
});

test('another status of success is given again too', async () => {
  const { send } = await start(async ({ dry_run }, call) => {
    if (dry_run) call.status = 200;
    return {};
  });
  const path = '/api/v1/things?dry_run=true';
  expect((await send('k', { path })).status).toBe(200);
  expect((await send('k', { path })).status).toBe(200);
});

test('a list is given again with its headers', async () => {
  const { send, done } = await start();
  const search = () => send('k', { path: '/api/v1/search?limit=1', body: '{}' });
  const first = await search();
  const again = await search();
  expect(await again.text()).toBe(await first.text());
  for (const name of ['x-total-count', 'link', 'content-type']) {
    expect([name, again.headers.get(name)]).toEqual([name, first.headers.get(name)]);
  }
  expect(again.headers.get('x-total-count')).toBe('7');
  expect(done.search).toBe(1);
});

test('a refusal of the handler is given again, its request id in body and header', async () => {
  const { send, done } = await start(async () => {
    throw new AppError('PROJECT_EXISTS', 'There is one');
  });
  const first = await told(await send('k'));
  expect(first.status).toBe(409);
  const again = await told(await send('k'));
  expect(again).toEqual({ ...first, replayed: 'true' });
  expect(errorBody.parse(JSON.parse(again.body)).request_id).toBe(again.requestId);
  expect(done.create).toBe(1);
});

test.each(['UNAVAILABLE', 'RATE_LIMITED', 'FORBIDDEN'] as const)(
  'after a refusal %s of the handler it is asked again',
  async (code) => {
    let isReady = false;
    const { send } = await start(async () => {
      if (!isReady) throw new AppError(code, 'Not now', { retryAfterSeconds: 7 });
      return {};
    });
    const refused = await send('k');
    expect(refused.headers.get('retry-after')).toBe('7');
    expect(errorBody.parse(await refused.json()).code).toBe(code);
    isReady = true;
    expect(await told(await send('k'))).toMatchObject({ status: 201, replayed: null });
  },
);

test('after an error that nobody foresaw the handler is not asked again', async () => {
  let isBroken = true;
  const { send } = await start(async () => {
    if (isBroken) throw new Error('a bug');
    return {};
  });
  expect((await send('k')).status).toBe(500);
  isBroken = false;
  expect((await send('k')).status).toBe(409);
  expect((await send('another key')).status).toBe(201);
});

test('callers who happen to send the same key do not see each other’s answers', async () => {
  const stranger = unknownCaller('192.0.2.1');
  const scopes = localCaller('192.0.2.1').scopes;
  const user = { id: 5, name: 'ada' };
  const callers: Record<string, Caller> = {
    token: { ...stranger, credential: 'api_token', user, tokenId: 3, scopes },
    password: { ...stranger, credential: 'password', user, scopes },
    session: { ...stranger, credential: 'session', user, scopes },
  };
  const { send, done } = await start(undefined, {
    authenticate: (name) => callers[name] ?? stranger,
  });
  const as = (authorization?: string) =>
    send('k', {
      headers: {
        'content-type': 'application/json',
        'idempotency-key': 'k',
        ...(authorization && { authorization }),
      },
    });
  for (const name of [undefined, 'token', 'password']) {
    expect((await as(name)).headers.has('idempotency-replayed')).toBe(false);
  }
  // The same person, with another credential.
  expect((await as('session')).headers.get('idempotency-replayed')).toBe('true');
  expect(done.create).toBe(3);
  const rows = await database.db.selectFrom('idempotency_keys').select('caller').execute();
  expect(rows.map(({ caller }) => caller).sort()).toEqual(['local', 'token:3', 'user:5']);
});

test('who needs no credential and has none is told apart by address', async () => {
  const { send, url } = await start(undefined, { localTrust: false });
  expect((await send('k')).status).toBe(401);
  const open = () =>
    fetch(`${url}/api/v1/open`, { method: 'POST', headers: { 'idempotency-key': 'k' } });
  expect((await open()).status).toBe(200);
  expect((await open()).headers.get('idempotency-replayed')).toBe('true');
  const rows = await database.db.selectFrom('idempotency_keys').select('caller').execute();
  expect(rows).toEqual([{ caller: 'address:127.0.0.1' }]);
});

test('input that is refused before the handler does not use up the key', async () => {
  const { send } = await start();
  expect((await send('k', { body: '{"name":1}' })).status).toBe(400);
  expect((await send('k', { body: '{' })).status).toBe(400);
  expect((await send('k')).status).toBe(201);
});

test('the same key with another body is refused', async () => {
  const { send, done } = await start();
  await send('k', { body: '{"name":"a","size":1}' });
  expect((await send('k', { body: ' {"size":1, "name":"a"}' })).status).toBe(201);
  const other = await send('k', { body: '{"name":"a","size":2}' });
  expect(other.status).toBe(422);
  expect(errorBody.parse(await other.json()).code).toBe('IDEMPOTENCY_KEY_REUSED');
  expect(done.create).toBe(1);
});

test('of a hundred requests at once with one key, the handler sees one', async () => {
  const { send, done } = await start();
  const answers = await Promise.all(Array.from({ length: 100 }, () => send('k')));
  expect(done.create).toBe(1);
  const statuses = answers.map(({ status }) => status);
  expect(statuses.every((status) => status === 201 || status === 409)).toBe(true);
  const fresh = answers.filter(
    ({ status, headers }) => status === 201 && !headers.has('idempotency-replayed'),
  );
  expect(fresh).toHaveLength(1);
  for (const answer of answers.filter(({ status }) => status === 409)) {
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(errorBody.parse(await answer.json()).code).toBe('IDEMPOTENCY_KEY_IN_USE');
  }
});

test('what the caller did not wait for is given to the next try', async () => {
  const started = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const { send, done } = await start(async () => {
    started.resolve();
    await go.promise;
    return { done: true };
  });
  const controller = new AbortController();
  const hungUp = send('k', { signal: controller.signal });
  hungUp.catch(() => {});
  await started.promise;
  controller.abort();
  await hungUp.catch(() => {});
  expect((await send('k')).status).toBe(409);
  go.resolve();
  const answer = await waitFor('the answer', async () => {
    const answer = await send('k');
    return answer.status === 201 && answer;
  });
  expect(await answer.json()).toEqual({ done: true });
  expect(done.create).toBe(1);
});

test('what a handler does after its time is given to the next try', async () => {
  const go = Promise.withResolvers<void>();
  const { send, done } = await start(async (_, call) => {
    // What the watch does once a second, as if a minute had passed.
    if (call instanceof OpenCall) setImmediate(() => call.giveUpIfLate(Number.POSITIVE_INFINITY));
    await go.promise;
    return { done: true };
  });
  expect((await send('k')).status).toBe(503);
  const meanwhile = await send('k');
  expect(errorBody.parse(await meanwhile.json()).code).toBe('IDEMPOTENCY_KEY_IN_USE');
  go.resolve();
  const answer = await waitFor('the answer', async () => {
    const answer = await send('k');
    return answer.status === 201 && answer;
  });
  expect(answer.headers.get('idempotency-replayed')).toBe('true');
  expect(await answer.json()).toEqual({ done: true });
  expect(done.create).toBe(1);
});

test('other methods do not heed the key, nor do requests without one', async () => {
  const { url, done } = await start();
  const headers = { 'content-type': 'application/json' };
  for (const key of ['k', 'k', '\u00e4', ' ']) {
    const method = 'PATCH';
    const answer = await fetch(`${url}/api/v1/things`, {
      method,
      headers: { ...headers, 'idempotency-key': key },
      body: '{"name":"a"}',
    });
    expect(answer.status).toBe(200);
  }
  for (let n = 0; n < 2; n += 1) {
    await fetch(`${url}/api/v1/things`, { method: 'POST', headers, body: '{"name":"a"}' });
  }
  expect(done).toEqual({ create: 2, update: 4, search: 0 });
  expect(await database.db.selectFrom('idempotency_keys').selectAll().execute()).toEqual([]);
});

test.each([
  ['k', '"k"'],
  ['a "quoted" \\ one', '"a \\"quoted\\" \\\\ one"'],
  ['!', '"!"'],
  ['x'.repeat(255), `"${'x'.repeat(255)}"`],
])('the key %s is the same as %s', async (bare, quoted) => {
  const { send, done } = await start();
  expect((await send(bare)).status).toBe(201);
  expect(await told(await send(quoted))).toMatchObject({ status: 201, replayed: 'true' });
  expect(done.create).toBe(1);
});

test.each([
  [['Idempotency-Key:'], 'must be 1 to 255 printable ASCII characters'],
  [['Idempotency-Key: ""'], 'must be 1 to 255 printable ASCII characters'],
  [[`Idempotency-Key: ${'x'.repeat(256)}`], 'must be 1 to 255 printable ASCII characters'],
  [['Idempotency-Key: \u00e4'], 'must be 1 to 255 printable ASCII characters'],
  [['Idempotency-Key: a\tb'], 'must be 1 to 255 printable ASCII characters'],
  [['Idempotency-Key: a', 'idempotency-key: a'], 'is given more than once'],
])('the header %j is refused', async (lines, message) => {
  const { port, done } = await start();
  const head = ['POST /api/v1/things HTTP/1.1', 'Host: localhost', 'Connection: close'];
  const type = ['Content-Type: application/json', 'Content-Length: 12'];
  const text = [...head, ...type, ...lines, '', '{"name":"a"}'].join('\r\n');
  const { status, body } = parseAnswer(await exchange(port, text));
  expect(status).toBe(400);
  expect(body).toMatchObject({
    code: 'VALIDATION_FAILED',
    message: `header.Idempotency-Key ${message}`,
    details: [{ path: 'header.Idempotency-Key', message }],
  });
  expect(done.create).toBe(0);
});
