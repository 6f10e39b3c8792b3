import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Endpoint } from '@borgos/contracts/endpoint';
import type { Page } from '@borgos/contracts/page';
import type { Project } from '@borgos/contracts/projects';
import { expect, expectTypeOf, onTestFinished, test } from 'vitest';
import { BorgosError, createClient } from './index.ts';

interface Seen {
  method: string | undefined;
  url: string | undefined;
  authorization: string | undefined;
  body: string;
}

interface Server {
  seen: Seen[];
  /** The Idempotency-Key of each request. */
  keys: (string | undefined)[];
  baseUrl: string;
}

/** A server that answers as the test says, and remembers what it was asked. */
async function startServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Server> {
  const seen: Seen[] = [];
  const keys: Server['keys'] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = await request.toArray();
    const { method, url, headers } = request;
    const body = Buffer.concat(chunks).toString();
    seen.push({ method, url, authorization: headers.authorization, body });
    const key = headers['idempotency-key'];
    keys.push(key === undefined ? undefined : String(key));
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { seen, keys, baseUrl: `http://127.0.0.1:${address.port}` };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'req_1' });
  response.end(JSON.stringify(body));
}

const emptyPage = { data: [], pagination: { total: 0, limit: 100, offset: 0, has_more: false } };
const unavailable = {
  error: 'Service unavailable',
  message: 'Starting',
  code: 'UNAVAILABLE',
  request_id: 'req_1',
};

async function failure(promise: Promise<unknown>): Promise<BorgosError> {
  const error = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof BorgosError)) throw error;
  return error;
}

test('each field goes where its endpoint wants it', async () => {
  const { seen, baseUrl } = await startServer((_, response) => json(response, 200, {}));
  const client = createClient({ baseUrl, token: 'borg_x' });
  await client.projects.get({ id: 7 });
  await client.projects.update({ id: 7, name: 'a', is_active: false });
  await client.deployments.deploy({ project_id: 1, port: 8090, dry_run: true });
  await client.projects.delete({ id: 7 });
  await client.status.health();
  const authorization = 'Bearer borg_x';
  expect(seen).toEqual([
    { method: 'GET', url: '/api/v1/projects/7', authorization, body: '' },
    {
      method: 'PATCH',
      url: '/api/v1/projects/7',
      authorization,
      body: '{"name":"a","is_active":false}',
    },
    {
      method: 'POST',
      url: '/api/v1/deploy?dry_run=true',
      authorization,
      body: '{"project_id":1,"port":8090}',
    },
    { method: 'DELETE', url: '/api/v1/projects/7', authorization, body: '' },
    { method: 'GET', url: '/health', authorization, body: '' },
  ]);
});

test('a list is a page, and its filters are sent as they are meant', async () => {
  const { seen, baseUrl } = await startServer((_, response) => json(response, 200, emptyPage));
  const client = createClient({ baseUrl });
  const page = await client.projects.list({
    tech_stack: ['python', 'react'],
    active: true,
    name: 'a&b',
  });
  expectTypeOf(page).toEqualTypeOf<Page<Project>>();
  expect(page.pagination.total).toBe(0);
  expect(seen[0]?.url).toBe(
    '/api/v1/projects?tech_stack=python%2Creact&active=true&name=a%26b&envelope=true',
  );
});

test('input that an endpoint does not take does not compile', () => {
  const client = createClient();
  expectTypeOf(client.projects.get).parameter(0).toEqualTypeOf<{ id: number }>();
  expectTypeOf(client.projects.list).parameter(0).not.toHaveProperty('envelope');
  expectTypeOf(client.deployments.deploy).parameter(0).toHaveProperty('project_id');
});

test('a refusal has the status, the code, the words and the id of the server', async () => {
  const details = [{ path: 'body.name', message: 'is required' }];
  const { baseUrl } = await startServer((_, response) =>
    json(response, 400, {
      error: 'Invalid request',
      message: 'body.name is required',
      code: 'VALIDATION_FAILED',
      request_id: 'req_1',
      details,
    }),
  );
  const client = createClient({ baseUrl });
  const error = await failure(client.projects.create({ name: '', path: '/a' }));
  expect(error).toMatchObject({
    status: 400,
    code: 'VALIDATION_FAILED',
    message: 'body.name is required',
    requestId: 'req_1',
    details,
  });
});

function busy(code: string, retryAfter: number | undefined) {
  return (_: IncomingMessage, response: ServerResponse) => {
    if (retryAfter !== undefined) response.setHeader('retry-after', String(retryAfter));
    const status = code === 'RATE_LIMITED' ? 429 : 409;
    json(response, status, { ...unavailable, code, message: 'Not now' });
  };
}

test('what may be sent again is tried three times while the server is not ready, all else once', async () => {
  const { seen, baseUrl } = await startServer((_, response) => json(response, 503, unavailable));
  const client = createClient({ baseUrl });
  expect((await failure(client.projects.list())).code).toBe('UNAVAILABLE');
  expect(seen).toHaveLength(3);
  await failure(client.deployments.deploy({ project_id: 1 }));
  expect(seen).toHaveLength(6);
  await failure(client.projects.update({ id: 1, name: 'a' }));
  expect(seen).toHaveLength(7);
});

test('a call succeeds when a later try does, and the server can tell that the tries are one', async () => {
  let count = 0;
  const { seen, keys, baseUrl } = await startServer((request, response) => {
    count += 1;
    if (count % 3 === 1) request.socket.destroy();
    else if (count % 3 === 2) json(response, 503, unavailable);
    else json(response, 200, emptyPage);
  });
  const client = createClient({ baseUrl });
  expect(await client.projects.list()).toEqual(emptyPage);
  expect(keys).toEqual([undefined, undefined, undefined]);
  await client.deployments.deploy({ project_id: 1 });
  await client.deployments.deploy({ project_id: 1 });
  expect(seen).toHaveLength(9);
  const [first, , , second] = keys.slice(3);
  expect(keys.slice(3)).toEqual([first, first, first, second, second, second]);
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect(first).not.toBe(second);
});

test('a key of the caller is sent, and to a POST alone', async () => {
  const { keys, baseUrl } = await startServer((_, response) => json(response, 200, {}));
  const client = createClient({ baseUrl });
  await client.deployments.deploy({ project_id: 1 }, { idempotencyKey: 'order 7' });
  await client.projects.delete({ id: 1 }, { idempotencyKey: 'order 7' });
  expect(keys).toEqual(['order 7', undefined]);
});

test.each(['RATE_LIMITED', 'IDEMPOTENCY_KEY_IN_USE'])(
  'a call that is refused with %s for a moment is tried twice more',
  async (code) => {
    const { seen, baseUrl } = await startServer(busy(code, 0));
    const client = createClient({ baseUrl });
    const error = await failure(client.deployments.deploy({ project_id: 1 }));
    expect(error).toMatchObject({ code, retryAfter: 0 });
    expect(seen).toHaveLength(3);
  },
);

test('a call waits as long as it was told to', async () => {
  let count = 0;
  const { baseUrl } = await startServer((request, response) => {
    count += 1;
    if (count === 1) busy('RATE_LIMITED', 1)(request, response);
    else json(response, 200, {});
  });
  const start = performance.now();
  // Also what may not be sent again otherwise: nothing of it has been done.
  await createClient({ baseUrl }).projects.delete({ id: 1 });
  expect(performance.now() - start).toBeGreaterThan(990);
});

test.each([
  ['too long', 6],
  ['never said', undefined],
])('a time to wait that is %s is left to the caller', async (_, seconds) => {
  const { seen, baseUrl } = await startServer(busy('RATE_LIMITED', seconds));
  const error = await failure(createClient({ baseUrl }).projects.list());
  expect(error).toMatchObject({ code: 'RATE_LIMITED', retryAfter: seconds ?? null });
  expect(seen).toHaveLength(1);
});

test('a server that is not there is named', async () => {
  const { baseUrl } = await startServer(() => {});
  const free = baseUrl.replace(/\d+$/, '1');
  const error = await failure(createClient({ baseUrl: free }).projects.get({ id: 1 }));
  expect(error).toMatchObject({ code: 'UNREACHABLE', status: null, requestId: null });
  expect(error.message).toBe(`${free} cannot be reached. Is BorgOS running there?`);
});

test('a server that does not answer is given up', async () => {
  const { baseUrl } = await startServer(() => {});
  const client = createClient({ baseUrl, timeoutMs: 50 });
  expect((await failure(client.projects.list())).code).toBe('TIMEOUT');
});

test('an answer that stops halfway is given up', async () => {
  const { baseUrl } = await startServer((_, response) => response.write('{'));
  const client = createClient({ baseUrl });
  expect((await failure(client.projects.list({}, { timeoutMs: 50 }))).code).toBe('TIMEOUT');
});

test('the caller can abort a call', async () => {
  const controller = new AbortController();
  const { baseUrl } = await startServer(() => controller.abort());
  const client = createClient({ baseUrl });
  const call = client.projects.list({}, { signal: controller.signal });
  expect((await failure(call)).code).toBe('ABORTED');
});

test('what answers without being BorgOS is said to be something else', async () => {
  const { baseUrl } = await startServer((_, response) => response.end('<h1>It works!</h1>'));
  expect((await failure(createClient({ baseUrl }).projects.list())).code).toBe('BAD_ANSWER');
});

test('every answer is told to who listens, refusals too', async () => {
  const told: [Endpoint, number, unknown, string | null][] = [];
  const { baseUrl } = await startServer((request, response) =>
    json(response, request.method === 'GET' ? 200 : 400, unavailable),
  );
  const client = createClient({
    baseUrl,
    onResponse: (endpoint, status, body, headers) =>
      told.push([endpoint, status, body, headers.get('x-request-id')]),
  });
  await client.status.ready();
  await failure(client.deployments.stop({ id: 1 }));
  expect(told.map(([endpoint, status]) => [endpoint.summary, status])).toEqual([
    ['Whether the server can do its work', 200],
    ['Stop a deployment', 400],
  ]);
  expect(told[0]?.slice(2)).toEqual([unavailable, 'req_1']);
});

test('an empty path parameter is refused, lest it ask for another resource', async () => {
  const client = createClient();
  // @ts-expect-error: what a caller without types may pass
  await expect(client.projects.get({})).rejects.toThrow('id is required');
});
