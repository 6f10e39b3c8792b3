import { defineEndpoint } from '@borgos/contracts/endpoint';
import { errorBody } from '@borgos/contracts/errors';
import { idParams } from '@borgos/contracts/fields';
import { pageQuery } from '@borgos/contracts/page';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { startEndpoint } from '../testing/http-server.ts';
import { OpenCall } from './call.ts';

const common = { tag: 'Test', description: 'A test.', scope: null, errors: [] } as const;

const list = defineEndpoint({
  ...common,
  method: 'GET',
  path: '/things',
  summary: 'List',
  query: z.strictObject({
    ...pageQuery,
    active: z.boolean().optional(),
    kind: z.enum(['web', 'api']).optional(),
    tags: z.array(z.string().min(1)).max(3).optional(),
    ratio: z.number().optional(),
  }),
  status: 200,
  response: z.object({ n: z.int() }),
  list: true,
});

const update = defineEndpoint({
  ...common,
  method: 'PATCH',
  path: '/things/{id}',
  summary: 'Change',
  params: idParams,
  query: z.strictObject({ dry_run: z.boolean().default(false) }),
  body: z.strictObject({
    name: z.string().min(1).max(5),
    size: z.int().min(1).max(10).default(3),
    environment: z
      .record(z.string().regex(/^\w+$/, 'must be letters, digits and "_"'), z.string())
      .optional(),
  }),
  status: 202,
  otherStatus: 200,
  response: z.looseObject({}),
});

async function startList() {
  const seen: unknown[] = [];
  const { url } = await startEndpoint(list, async (input) => {
    seen.push(input);
    const start = input.offset ?? 0;
    const items = Array.from({ length: Math.min(input.limit, 45 - start) }, (_, n) => ({
      n: start + n,
    }));
    return { items, total: 45 };
  });
  return { url: `${url}/things`, seen };
}

async function refusal(answer: Response) {
  expect(answer.status).toBe(400);
  const body = errorBody.parse(await answer.json());
  expect(body.code).toBe('VALIDATION_FAILED');
  return body;
}

test('query parameters become what their schema says', async () => {
  const { url, seen } = await startList();
  await fetch(`${url}?active=True&kind=api&tags=a,b&tags=c&ratio=0.5&limit=10&offset=0`);
  await fetch(url);
  expect(seen).toEqual([
    { active: true, kind: 'api', tags: ['a', 'b', 'c'], ratio: 0.5, limit: 10, offset: 0 },
    { limit: 100 },
  ]);
});

test.each([
  ['limit=abc', 'query.limit', 'must be an integer'],
  ['limit=', 'query.limit', 'must be an integer'],
  ['limit=1.5', 'query.limit', 'must be an integer'],
  ['limit=NaN', 'query.limit', 'must be an integer'],
  ['limit=1e3', 'query.limit', 'must be an integer'],
  ['limit=0', 'query.limit', 'must be at least 1'],
  ['limit=1001', 'query.limit', 'must be at most 1000'],
  ['limit=1&limit=2', 'query.limit', 'is given more than once'],
  ['offset=-1', 'query.offset', 'must be at least 0'],
  ['offset=99999999999999999999', 'query.offset', 'must be at most 9007199254740991'],
  ['active=maybe', 'query.active', 'must be true or false'],
  ['kind=cli', 'query.kind', 'must be one of web, api'],
  ['tags=a,,b', 'query.tags.1', 'must not be empty'],
  ['tags=a,b,c,d', 'query.tags', 'must have at most 3 items'],
  [
    'sort=name',
    'query.sort',
    'is not known here; allowed: limit, offset, envelope, active, kind, tags, ratio',
  ],
  ['__proto__=1', 'query.__proto__', 'is not known here'],
])('the query %s is refused: %s %s', async (query, path, message) => {
  const { url, seen } = await startList();
  const { details, message: sentence } = await refusal(await fetch(`${url}?${query}`));
  expect(details).toHaveLength(1);
  expect(details?.[0]?.path).toBe(path);
  expect(details?.[0]?.message).toContain(message);
  expect(sentence).toContain(`${path} ${message}`);
  expect(seen).toEqual([]);
});

test('everything that is wrong is told at once', async () => {
  const { url } = await startEndpoint(update, async () => ({}));
  const answer = await fetch(`${url}/things/abc?dry_run=x`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'too long', environment: { 'A=B': '1', C: 2 }, colour: 1 }),
  });
  const { details, message } = await refusal(answer);
  expect(details).toEqual([
    { path: 'params.id', message: 'must be an integer' },
    { path: 'query.dry_run', message: 'must be true or false' },
    { path: 'body.name', message: 'must have at most 5 characters' },
    { path: 'body.environment.A=B', message: 'must be letters, digits and "_"' },
    { path: 'body.environment.C', message: 'must be a text' },
    { path: 'body.colour', message: 'is not known here; allowed: name, size, environment' },
  ]);
  expect(message).toMatch(/^params.id must be an integer; .*; and 3 more$/);
});

test.each(['0', '-1', '1.0', '0x1', '99999999999', 'NaN', '%20', '1'.repeat(200)])(
  'the id %s is 400',
  async (id) => {
    const { url } = await startEndpoint(update, async () => ({}));
    const { details } = await refusal(await fetch(`${url}/things/${id}`, { method: 'PATCH' }));
    expect(details?.[0]?.path).toBe('params.id');
  },
);

test('a body that is missing is asked for, with the fields it needs', async () => {
  const { url } = await startEndpoint(update, async () => ({}));
  const { message } = await refusal(await fetch(`${url}/things/1`, { method: 'PATCH' }));
  expect(message).toBe('A JSON body is needed: body.name is required');
});

test('an answer never lists more than 20 faults, whatever was sent', async () => {
  const { url } = await startEndpoint(update, async () => ({}));
  const environment = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`A=${n}`, 'x']));
  const answer = await fetch(`${url}/things/1`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'a', environment }),
  });
  const { details, message } = await refusal(answer);
  expect(details).toHaveLength(20);
  expect(message).toContain('and 4997 more');
});

test('the parts of the input arrive as one object with defaults, and a handler may choose the other status', async () => {
  const { url } = await startEndpoint(update, async (input, call) => {
    if (input.dry_run) call.status = 200;
    return input;
  });
  const send = (query: string) =>
    fetch(`${url}/things/7${query}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"a"}',
    });
  const answer = await send('');
  expect(answer.status).toBe(202);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(await answer.json()).toEqual({ id: 7, dry_run: false, name: 'a', size: 3 });
  expect((await send('?dry_run=true')).status).toBe(200);
});

test('a list is a bare array, and an envelope once a page is asked for', async () => {
  const { url } = await startList();
  const get = async (query: string) => {
    const answer = await fetch(`${url}${query}`);
    expect(answer.headers.get('x-total-count')).toBe('45');
    return z.union([z.array(z.unknown()), z.looseObject({})]).parse(await answer.json());
  };
  expect(await get('?limit=10')).toHaveLength(10);
  expect(await get('?limit=1&offset=44')).toEqual({
    data: [{ n: 44 }],
    pagination: { total: 45, limit: 1, offset: 44, has_more: false },
  });
  expect(await get('?limit=10&envelope=true')).toMatchObject({
    pagination: { total: 45, limit: 10, offset: 0, has_more: true },
  });
  expect(await get('?limit=10&offset=0&envelope=false')).toHaveLength(10);
});

test('who follows the links reads every item once, in the form of the first answer', async () => {
  const { url, seen } = await startList();
  for (const query of ['?limit=20&tags=a,b', '?limit=20&tags=a,b&offset=0']) {
    const items: unknown[] = [];
    let next: string | undefined = `${url}${query}`;
    while (next) {
      const answer: Response = await fetch(next);
      const body = z
        .union([z.array(z.unknown()), z.object({ data: z.array(z.unknown()) }).loose()])
        .parse(await answer.json());
      expect(Array.isArray(body)).toBe(!query.includes('offset'));
      items.push(...(Array.isArray(body) ? body : body.data));
      const link = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
      next = link && new URL(link, url).href;
    }
    expect(items).toEqual(Array.from({ length: 45 }, (_, n) => ({ n })));
  }
  expect(seen).toHaveLength(6);
  expect(
    seen.every((input) => z.looseObject({ tags: z.array(z.string()) }).safeParse(input).success),
  ).toBe(true);
});

test('a handler whose caller hung up may fail without that being an error', async () => {
  const started = Promise.withResolvers<void>();
  const { url, logged } = await startEndpoint(update, async (_, call) => {
    started.resolve();
    await new Promise((resolve) => call.signal.addEventListener('abort', resolve));
    call.signal.throwIfAborted();
    return {};
  });
  const controller = new AbortController();
  const answer = fetch(`${url}/things/1`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"a"}',
    signal: controller.signal,
  });
  answer.catch(() => {});
  await started.promise;
  controller.abort();
  await vi.waitFor(() => expect(JSON.stringify(logged)).toContain('the caller hung up'));
  expect(logged.every(({ level }) => Number(level) <= 30)).toBe(true);
});

test('a handler that takes too long is answered for, aborted, and not heard any more', async () => {
  const aborted = Promise.withResolvers<unknown>();
  const { url, logged } = await startEndpoint(update, async (_, call) => {
    call.signal.addEventListener('abort', () => aborted.resolve(call.signal.reason));
    // What the watch does once a second, as if a minute had passed.
    if (call instanceof OpenCall) setImmediate(() => call.giveUpIfLate(Number.POSITIVE_INFINITY));
    await aborted.promise;
    throw new Error('too late');
  });
  const answer = await fetch(`${url}/things/1`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"a"}',
  });
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({
    code: 'UNAVAILABLE',
    message: 'BorgOS took too long to answer. Try again',
  });
  expect(await aborted.promise).toMatchObject({ code: 'UNAVAILABLE' });
  await vi.waitFor(() => expect(JSON.stringify(logged)).toContain('too late'));
});
