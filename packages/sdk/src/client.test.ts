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

/** A server that answers as the test says, and remembers what it was asked. */
async function startServer(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = await request.toArray();
    const { method, url, headers } = request;
    const body = Buffer.concat(chunks).toString();
    seen.push({ method, url, authorization: headers.authorization, body });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { seen, baseUrl: `http://127.0.0.1:${address.port}` };
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

test('a read is tried three times while the server is not ready, a change once', async () => {
  const { seen, baseUrl } = await startServer((_, response) => json(response, 503, unavailable));
  const client = createClient({ baseUrl });
  expect((await failure(client.projects.list())).code).toBe('UNAVAILABLE');
  expect(seen).toHaveLength(3);
  await failure(client.deployments.deploy({ project_id: 1 }));
  expect(seen).toHaveLength(4);
});

test('a read succeeds when a later try does', async () => {
  let count = 0;
  const { baseUrl } = await startServer((request, response) => {
    count += 1;
    if (count === 1) request.socket.destroy();
    else if (count === 2) json(response, 503, unavailable);
    else json(response, 200, emptyPage);
  });
  expect(await createClient({ baseUrl }).projects.list()).toEqual(emptyPage);
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
    json(response, request.method === 'GET' ? 200 : 503, unavailable),
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
    ['Stop a deployment', 503],
  ]);
  expect(told[0]?.slice(2)).toEqual([unavailable, 'req_1']);
});

test('an empty path parameter is refused, lest it ask for another resource', async () => {
  const client = createClient();
  // @ts-expect-error: what a caller without types may pass
  await expect(client.projects.get({})).rejects.toThrow('id is required');
});
