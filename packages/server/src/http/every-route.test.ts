import { networkInterfaces } from 'node:os';
import { api } from '@borgos/contracts';
import { type Endpoint, scopes } from '@borgos/contracts/endpoint';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exchange, parseAnswer } from '../testing/http-server.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';

const password = 'correct horse battery staple';
const json = 'Content-Type: application/json';
const own = 'localhost:{port}';

interface Route {
  method: string;
  path: string;
  scope: Endpoint['scope'];
  takesBody: boolean;
}

/** Everything that is served: the api table, and what is beside it. */
const routes: Route[] = [
  ...Object.values(api).flatMap((endpoints) =>
    Object.values<Endpoint>(endpoints).map(({ method, path, scope, body }) => ({
      method,
      path: path.replace(/\{\w+\}/g, '2147483647'),
      scope,
      takesBody: body !== undefined,
    })),
  ),
  ...[
    '/',
    '/docs',
    '/docs/scalar.js',
    '/api/v1/openapi.json',
    '/metrics',
    '/ws',
    '/mcp',
    '/nowhere',
    '/%zz',
  ].map((path) => ({ method: 'GET', path, scope: 'any' as const, takesBody: false })),
];

/** `in`: it passes all of the rules, whatever the route itself says then. */
type Outcome = 'in' | 401 | 403 | 415 | 421;

interface Case {
  what: string;
  /** By default that of the server, of loopback. */
  host?: string;
  headers?: string[];
  /** In place of the path. */
  target?: (path: string) => string;
  /** Only for routes whose method changes something. */
  unsafe?: boolean;
  /** Only for routes that read. */
  safe?: boolean;
  body?: string;
  outcome: Outcome;
  /** On a route that is open to everybody, when it is another one. */
  open?: Outcome;
}

const forwarded = [
  ...['X-Forwarded-For: 203.0.113.7', 'X-Forwarded-Host: localhost', 'X-Forwarded-Proto: https'],
  ...['Forwarded: for=203.0.113.7', 'Via: 1.1 proxy', 'X-Real-IP: 203.0.113.7'],
  ...['X-Client-IP: 203.0.113.7', 'True-Client-IP: 203.0.113.7', 'CF-Connecting-IP: 203.0.113.7'],
  'X-Forwarded-For:',
];

const invalidCredentials = [
  ...['Bearer YOUR_TOKEN', 'Bearer', 'Bearer ', 'bearer x', 'Bearer borg_x', 'Bearer a.b.c'],
  // An unsigned token that says it is the administrator's.
  'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.',
  ...['Basic', 'Basic !!!', 'Basic eA==', 'Negotiate abc', 'Digest username="admin"', 'admin', ''],
];

const cases: Case[] = [
  { what: 'curl', outcome: 'in' },
  { what: '127.0.0.1', host: '127.0.0.1:{port}', outcome: 'in' },
  { what: '[::1]', host: '[::1]:{port}', outcome: 'in' },
  { what: 'capitals', host: 'LOCALHOST:{port}', outcome: 'in' },
  { what: 'no port', host: 'localhost', outcome: 'in' },
  { what: 'a configured name', host: 'borgos.example', outcome: 'in' },
  ...[
    ...['evil.test', 'evil.test:{port}', 'localhost.evil.test', 'localhost.', 'evil-localhost'],
    ...['0', '0:{port}', '0.0.0.0:{port}', '127.1', '2130706433', '0x7f000001', '0177.0.0.1'],
    ...['017700000001', '127.0.0.2', '[::]', '[::ffff:127.0.0.1]', '[0:0:0:0:0:0:0:1]', '[::1%lo]'],
    ...['localhost@evil.test', 'localhost:x', 'localhost:{port}:1', 'localhost, evil.test', ''],
  ].map((host): Case => ({ what: `the host "${host}"`, host, outcome: 421 })),
  { what: 'two hosts', headers: [`Host: ${own}`], outcome: 421 },
  { what: 'a whole URL', target: (path) => `http://${own}${path}`, outcome: 'in' },
  { what: 'the whole URL of another', target: (path) => `http://evil.test${path}`, outcome: 421 },
  { what: 'the whole URL of a user', target: (path) => `http://x@${own}${path}`, outcome: 421 },

  { what: 'its own page', headers: [`Origin: http://${own}`], outcome: 'in' },
  { what: 'a configured page', headers: ['Origin: https://borgos.example'], outcome: 'in' },
  ...[
    ...['https://evil.test', 'null', 'http://localhost', 'http://localhost:1', `https://${own}`],
    ...['http://127.0.0.1:{port}', `http://${own}.evil.test`, `http://${own}/`, 'file://', ''],
  ].map((origin): Case => {
    return { what: `the origin "${origin}"`, headers: [`Origin: ${origin}`], outcome: 403 };
  }),
  { what: 'same-origin', headers: ['Sec-Fetch-Site: same-origin'], outcome: 'in' },
  { what: 'the address bar', headers: ['Sec-Fetch-Site: none'], safe: true, outcome: 'in' },
  { what: 'none', headers: ['Sec-Fetch-Site: none'], unsafe: true, outcome: 403 },
  ...['same-site', 'cross-site', 'x', ''].map(
    (site): Case => ({ what: `"${site}"`, headers: [`Sec-Fetch-Site: ${site}`], outcome: 403 }),
  ),

  ...['application/json', 'application/json; charset=utf-8', 'Application/JSON'].map(
    (type): Case => ({
      what: `a body of ${type}`,
      headers: [`Content-Type: ${type}`],
      body: '{"nothing": 1}',
      unsafe: true,
      outcome: 'in',
    }),
  ),
  ...[
    ...['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'],
    ...[
      'text/plain; application/json',
      'application/json; charset=utf-16',
      'application/jsonx',
      '',
    ],
  ].map(
    (type): Case => ({
      what: `a body of "${type}"`,
      headers: [`Content-Type: ${type}`],
      body: '{"nothing": 1}',
      unsafe: true,
      outcome: 415,
    }),
  ),
  { what: 'a body of no type', body: '{"nothing": 1}', unsafe: true, outcome: 415 },

  ...forwarded.map(
    (header): Case => ({ what: header, headers: [header], outcome: 401, open: 'in' }),
  ),
  ...invalidCredentials.map((credential): Case => {
    const headers = [`Authorization: ${credential}`];
    return { what: `the credential "${credential}"`, headers, outcome: 401 };
  }),
];

let testApp: TestApp;
let port: number;

beforeAll(async () => {
  testApp = await startTestApp({
    settings: {
      // So that requests can come from elsewhere, too.
      host: '0.0.0.0',
      adminPassword: password,
      allowedHosts: ['borgos.example'],
      allowedOrigins: ['https://borgos.example'],
    },
  });
  port = Number(new URL(testApp.url).port);
});
afterAll(() => testApp.close());

function send({ method, path }: Route, one: Partial<Case>, address?: string): Promise<string> {
  const { host = own, headers = [], target = (path) => path, body } = one;
  const lines = [
    `${method} ${target(path)} HTTP/1.1`,
    `Host: ${host}`,
    ...headers,
    ...(body === undefined ? [] : [`Content-Length: ${body.length}`]),
    'Connection: close',
  ];
  const text = `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
  return exchange(port, text.replaceAll('{port}', String(port)), { address });
}

function outcomeOf(answer: string): Outcome {
  const status = Number(answer.split(' ')[1]);
  return status === 401 || status === 403 || status === 415 || status === 421 ? status : 'in';
}

function casesFor({ method, scope }: Route) {
  const reads = method === 'GET';
  return cases
    .filter((one) => !(reads ? one.unsafe : one.safe))
    .map((one) => ({ ...one, expected: (scope === null && one.open) || one.outcome }));
}

/** Whoever knows nothing sends what no route takes, so that nothing is changed. */
function withBody(route: Route, one: Case): Case {
  if (!route.takesBody || one.body !== undefined) return one;
  return { ...one, headers: [...(one.headers ?? []), json], body: '{"nothing": 1}' };
}

test('the rules are tried in more than fifty ways', () => {
  expect(
    casesFor({ method: 'GET', path: '/', scope: 'any', takesBody: false }).length,
  ).toBeGreaterThan(52);
});

describe.each(routes)('$method $path', (route) => {
  test('lets in who may, and nobody else', async () => {
    const wrong: string[] = [];
    for (const one of casesFor(route)) {
      const answer = await send(route, withBody(route, one));
      const outcome = outcomeOf(answer);
      if (outcome !== one.expected) wrong.push(`${one.what}: ${outcome}, not ${one.expected}`);
      if (outcome !== 'in')
        expect(parseAnswer(answer).body).toMatchObject({ request_id: expect.any(String) });
    }
    expect(wrong).toEqual([]);
  });

  test('trusts nobody from elsewhere without a credential', async () => {
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const elsewhere = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
    // Also the machine's own other address: what comes from there may be a container.
    const answer = await send(
      route,
      withBody(route, { what: '', outcome: 401 }),
      elsewhere?.address ?? '127.0.0.1',
    );
    const expected = route.scope === null || !elsewhere ? 'in' : 401;
    expect(outcomeOf(answer)).toBe(expected);
  });
});

test('a wrong password is refused, on loopback too', async () => {
  const route = { method: 'GET', path: '/api/v1/status', scope: null, takesBody: false };
  // Few, as each makes the next one wait longer.
  for (const credential of ['admin:wrong', 'nobody:wrong', 'admin:']) {
    const headers = [`Authorization: Basic ${Buffer.from(credential).toString('base64')}`];
    expect(outcomeOf(await send(route, { headers }))).toBe(401);
  }
});

describe('a token that may only read', () => {
  const changing = Object.values(api)
    .flatMap((endpoints) => Object.values<Endpoint>(endpoints))
    .filter(({ method, scope, queryInBody }) => method !== 'GET' && !queryInBody && scope !== null);

  test('changes nothing anywhere', async () => {
    const { token } = await testApp.client.tokens.create({
      name: 'reader',
      scopes: scopes.filter((scope) => scope.endsWith(':read')),
    });
    expect(changing.length).toBeGreaterThan(8);
    // It changes something only for who says so, and is then asked for more.
    const asking = ['/api/v1/mcp/query'];
    for (const { method, path } of changing.filter(({ path }) => !asking.includes(path))) {
      const url = `${testApp.url.replace('0.0.0.0', '127.0.0.1')}${path.replace(/\{\w+\}/g, '1')}`;
      const answer = await fetch(url, { method, headers: { authorization: `Bearer ${token}` } });
      expect(answer.status, `${method} ${path}`).toBe(403);
      expect(await answer.json()).toMatchObject({ code: 'SCOPE_MISSING' });
    }
  });

  test('reads everything', async () => {
    const { token } = await testApp.client.tokens.create({ name: 'r', scopes: [...scopes] });
    const headers = { authorization: `Bearer ${token}` };
    const otherwise = new Map([
      // What is to be upgraded says so to who only asks.
      ['/ws', [400]],
      // Clients ask this before they know that nothing is told without being asked.
      ['/mcp', [405]],
      // Which file?
      ['/api/v1/projects/2147483647/file', [400]],
    ]);
    for (const { method, path } of routes.filter(
      ({ method, path }) => method === 'GET' && !path.includes('%'),
    )) {
      const url = `${testApp.url.replace('0.0.0.0', '127.0.0.1')}${path}`;
      const { status } = await fetch(url, { method, headers });
      expect(otherwise.get(path) ?? [200, 404], path).toContain(status);
    }
  });
});
