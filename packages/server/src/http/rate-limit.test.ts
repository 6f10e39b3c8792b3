import type { Caller } from '@borgos/contracts/caller';
import { defineEndpoint } from '@borgos/contracts/endpoint';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { localCaller } from '../caller.ts';
import { AppError } from '../errors.ts';
import { createRateLimits } from '../rate-limits/rate-limits.ts';
import { exchange, parseAnswer, startServer } from '../testing/http-server.ts';
import { mount } from './mount.ts';

const ping = defineEndpoint({
  method: 'GET',
  path: '/api/v1/ping',
  tag: 'Test',
  summary: 'Ping',
  description: 'Answers.',
  scope: 'any',
  status: 200,
  response: z.object({}),
  errors: [],
});
const health = { ...ping, path: '/health', scope: null } as const;

const start = Date.UTC(2026, 0, 15, 10, 30);

/** A server that limits by a clock that stands still. */
async function startLimited() {
  let time = start;
  const rateLimits = await createRateLimits({
    // Alone on its database, it counts by itself.
    database: { joinServers: async () => ({ others: 0, close: async () => {} }) } as never,
    log: { info() {}, warn() {} },
    now: () => time,
  });
  onTestFinished(() => rateLimits.close());
  const { url, port } = await startServer(
    (http) => mount(http, { ping, health }, { ping: async () => ({}), health: async () => ({}) }),
    {
      rateLimits,
      rateLimit: { perMinute: 60, burst: 100 },
      authenticate,
      trustedProxies: ['127.0.0.1'],
    },
  );
  const ask = (headers: Record<string, string> = {}, path = '/api/v1/ping') =>
    fetch(`${url}${path}`, { headers });
  const pass = (seconds: number) => {
    time += seconds * 1000;
  };
  return { ask, port, pass };
}

/** `Bearer 7` is the token 7, and `Bearer 8` one with a limit of its own. */
function authenticate(authorization: string, { address }: { address: string }): Caller {
  const tokenId = Number(/^Bearer ([78])$/.exec(authorization)?.[1]);
  if (!tokenId) throw new AppError('UNAUTHORIZED', 'Invalid or missing authentication token');
  const rateLimit = tokenId === 8 ? { perMinute: 600, burst: 2 } : null;
  return { ...localCaller(address), credential: 'api_token', tokenId, rateLimit };
}

const remaining = (answer: Response) => Number(answer.headers.get('x-ratelimit-remaining'));

test('the 15th request of a fresh caller says that 45 remain', async () => {
  const { ask } = await startLimited();
  for (let request = 1; request <= 14; request += 1)
    expect(remaining(await ask())).toBe(60 - request);
  const { headers } = await ask();
  expect(headers.get('x-ratelimit-limit')).toBe('60');
  expect(headers.get('x-ratelimit-remaining')).toBe('45');
  expect(headers.get('x-ratelimit-reset')).toBe(String(start / 1000 + 15));
  expect(headers.get('ratelimit-policy')).toBe('"default";q=60;w=60, "burst";q=100;w=100');
  expect(headers.get('ratelimit')).toMatch(/^"default";r=45;t=\d+, "burst";r=85;t=\d+$/);
});

test('of 300 requests at once exactly 100 get through, and the next one after a second', async () => {
  const { ask, pass } = await startLimited();
  const answers = await Promise.all(Array.from({ length: 300 }, () => ask()));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
  const refused = await ask();
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(remaining(refused)).toBe(0);
  expect(await refused.json()).toMatchObject({
    error: 'Too many requests',
    message: 'Too many requests. Try again in 1 second',
    code: 'RATE_LIMITED',
  });
  pass(1);
  expect((await ask()).status).toBe(200);
  expect((await ask()).status).toBe(429);
  pass(100);
  expect(remaining(await ask())).toBe(59);
});

test('each token counts by itself, and by its own limit', async () => {
  const { ask } = await startLimited();
  await Promise.all(Array.from({ length: 100 }, () => ask()));
  expect((await ask()).status).toBe(429);
  expect(remaining(await ask({ authorization: 'Bearer 7' }))).toBe(59);
  const own = await Promise.all([1, 2, 3].map(() => ask({ authorization: 'Bearer 8' })));
  expect(own.map(({ status }) => status).sort()).toEqual([200, 200, 429]);
  expect(own[0]?.headers.get('x-ratelimit-limit')).toBe('600');
});

test('every answer below /api/v1 says what remains, also that of a refusal', async () => {
  const { ask, port } = await startLimited();
  const refusals: [Record<string, string>, string, number][] = [
    [{}, '/api/v1/nowhere', 404],
    [{}, '/api/v1/%zz', 400],
    [{ authorization: 'Bearer YOUR_TOKEN' }, '/api/v1/ping', 401],
    [{ origin: 'https://evil.test' }, '/api/v1/ping', 403],
  ];
  for (const [headers, path, status] of refusals) {
    const answer = await ask(headers, path);
    expect(answer.status).toBe(status);
    expect(remaining(answer), path).toBeGreaterThan(50);
  }
  const target = `GET http://evil.test/api/v1/ping HTTP/1.1\r\nHost: localhost\r\nConnection: close`;
  const { status, head } = parseAnswer(await exchange(port, `${target}\r\n\r\n`));
  expect(status).toBe(421);
  expect(head).toMatch(/x-ratelimit-remaining: \d+/i);
});

test('health and what is outside of /api/v1 is free', async () => {
  const { ask } = await startLimited();
  for (const path of ['/health', '/nowhere', '/api/v10']) {
    expect((await ask({}, path)).headers.has('x-ratelimit-limit'), path).toBe(false);
  }
});

test('what a foreign page asks in vain takes nothing from the user of this machine', async () => {
  const { ask } = await startLimited();
  const foreign = { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' };
  const answers = await Promise.all(Array.from({ length: 150 }, () => ask(foreign)));
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(50);
  expect(remaining(await ask())).toBe(59);
});

test('the pages of BorgOS itself may ask ten times as much', async () => {
  const { ask } = await startLimited();
  const page = await ask({ 'sec-fetch-site': 'same-origin' });
  expect(page.headers.get('x-ratelimit-limit')).toBe('600');
  expect(remaining(page)).toBe(599);
  expect(remaining(await ask())).toBe(59);
});

test('who comes through a trusted proxy counts by the address that the proxy names', async () => {
  const { ask } = await startLimited();
  const from = (address: string) => ask({ 'x-forwarded-for': address }, '/api/v1/ping');
  expect(remaining(await from('203.0.113.7'))).toBe(59);
  expect(remaining(await from('203.0.113.7'))).toBe(58);
  expect(remaining(await from('203.0.113.8'))).toBe(59);
  expect(remaining(await from('2001:db8:1:2::1'))).toBe(59);
  expect(remaining(await from('2001:db8:1:2:ffff::9'))).toBe(58);
});
