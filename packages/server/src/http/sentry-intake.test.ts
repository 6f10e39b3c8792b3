import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../testing/test-app.ts';

let app: TestApp;
let projectId: number;
let key: string;
beforeAll(async () => {
  app = await startTestApp({ settings: { rateLimit: { perMinute: 60, burst: 100 } } });
  projectId = (await app.client.projects.create({ name: 'shop', path: '/nowhere/shop' })).id;
  key = (await app.client.errors.dsn({ id: projectId })).public_key;
});
afterAll(() => app.close());

const eventId = 'fc6d8c0c43fc4630ad850ee518f1b9d0';
const event = (fields: object = {}) =>
  JSON.stringify({ event_id: eventId, level: 'error', message: 'cart is empty', ...fields });
const envelope = (payload: string) =>
  `{"event_id":"${eventId}"}\n{"type":"event","length":${Buffer.byteLength(payload)}}\n${payload}\n`;

/** With headers that `fetch` keeps for itself. */
function send(
  path: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
  method = 'POST',
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${app.url}${path}`, { method, headers }, async (response) => {
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part);
      const { statusCode: status = 0, headers } = response;
      resolve({ status, headers, body: Buffer.concat(parts).toString() });
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

const path = (kind = 'envelope', id = projectId) => `/api/${id}/${kind}/`;
const total = async () =>
  (await app.client.errors.list({ project_id: projectId })).pagination.total;

describe('the Sentry intake', () => {
  test('logs an event once, however often it is sent', async () => {
    for (const body of [envelope(event()), gzipSync(envelope(event()))]) {
      const answer = await send(`${path()}?sentry_key=${key}&sentry_version=7`, body, {
        ...(typeof body === 'string' ? {} : { 'content-encoding': 'gzip' }),
      });
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.body)).toEqual({ id: eventId });
    }
    expect(await total()).toBe(1);
  });

  test('takes a page of any origin that knows the key, and lets it read the answer', async () => {
    const foreign = { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' };
    const answer = await send(`${path()}?sentry_key=${key}`, envelope(event()), foreign);
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    const preflight = await send(path(), '', foreign, 'OPTIONS');
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-methods']).toBe('POST');
  });

  test('takes the events of old SDKs', async () => {
    const answer = await send(path('store'), event({ event_id: 'a'.repeat(32) }), {
      'x-sentry-auth': `Sentry sentry_version=7, sentry_key=${key}, sentry_client=old/1`,
      'content-type': 'application/json',
    });
    expect(answer.status).toBe(200);
  });

  test.each([
    ['without a key', () => path()],
    ['with another key', () => `${path()}?sentry_key=${'0'.repeat(32)}`],
    ['with a longer key', () => `${path()}?sentry_key=${key}0`],
    [
      'with the key of another project',
      () => `${path('envelope', projectId + 1)}?sentry_key=${key}`,
    ],
  ])('refuses who comes %s', async (_, target) => {
    const before = await total();
    const answer = await send(target(), envelope(event({ event_id: 'b'.repeat(32) })), {
      authorization: 'Basic YWRtaW46YWRtaW4=',
    });
    expect(answer.status).toBe(403);
    expect(answer.headers['x-sentry-error']).toContain('sentry_key');
    expect(await total()).toBe(before);
  });

  test('refuses a former key', async () => {
    const { id } = await app.client.projects.create({ name: 'old', path: '/nowhere/old' });
    const former = await app.client.errors.dsn({ id });
    const { public_key } = await app.client.errors.rotateDsn({ id });
    expect(public_key).not.toBe(former.public_key);
    const sent = (by: string) =>
      send(`${path('envelope', id)}?sentry_key=${by}`, envelope(event()));
    expect((await sent(former.public_key)).status).toBe(403);
    expect((await sent(public_key)).status).toBe(200);
  });

  test.each([
    ['what is no envelope', 'nothing', 400],
    ['what is not JSON', envelope('{"event_id":'), 400],
    ['what is too large', 'x'.repeat(3 * 1024 * 1024), 413],
  ])('refuses %s', async (_, body, status) => {
    const answer = await send(`${path()}?sentry_key=${key}`, body);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body).request_id).toBe(answer.headers['x-request-id']);
  });

  test('is closed to who calls BorgOS by another name', async () => {
    const answer = await send(`${path()}?sentry_key=${key}`, envelope(event()), {
      host: 'evil.example',
    });
    expect(answer.status).toBe(421);
  });

  test('takes nothing but reports', async () => {
    expect((await send(path(), '', {}, 'GET')).status).toBe(405);
    expect((await send('/api/0/envelope/', '')).status).toBe(404);
    expect((await send('/api/1x/envelope/', '')).status).toBe(404);
    expect((await send(`/api/9999999999/envelope/?sentry_key=${key}`, '')).status).toBe(403);
    expect((await send(`/api/${projectId}/minidump/`, '')).status).toBe(404);
  });

  test('tells an app that fails in a loop to wait', async () => {
    const { id } = await app.client.projects.create({ name: 'loop', path: '/nowhere/loop' });
    const { public_key } = await app.client.errors.dsn({ id });
    const statuses = new Map<number, number>();
    let refused: Awaited<ReturnType<typeof send>> | undefined;
    await Promise.all(
      Array.from({ length: 50 }, async (_, caller) => {
        for (let number = 0; number < 60; number += 1) {
          const event_id = (caller * 100 + number).toString(16).padStart(32, '0');
          const answer = await send(
            `${path('envelope', id)}?sentry_key=${public_key}`,
            envelope(event({ event_id })),
          );
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          if (answer.status === 429) refused ??= answer;
        }
      }),
    );
    expect([...statuses.keys()].sort()).toEqual([200, 429]);
    expect(refused?.headers['x-sentry-rate-limits']).toMatch(/^\d+:error:key$/);
    expect(Number(refused?.headers['retry-after'])).toBeGreaterThan(0);
  });
});
