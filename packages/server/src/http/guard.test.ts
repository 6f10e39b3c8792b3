import { expect, test } from 'vitest';
import { echo, startEndpoint } from '../testing/http-server.ts';
import { createGuard, type GuardedRequest, pathOf } from './guard.ts';

const guard = createGuard({
  allowedHosts: ['borgos.example'],
  allowedOrigins: ['https://borgos.example'],
});

type Case = Partial<GuardedRequest> & { what: string; code: string | undefined };
const host = 'localhost:8081';
const json = 'application/json';

const cases: Case[] = [
  { what: 'curl', code: undefined },
  { what: 'an IPv4 host', headers: { host: '127.0.0.1:8081' }, code: undefined },
  { what: 'an IPv6 host', headers: { host: '[::1]:8081' }, code: undefined },
  { what: 'a host without a port', headers: { host: 'localhost' }, code: undefined },
  { what: 'a host in capitals', headers: { host: 'LOCALHOST:8081' }, code: undefined },
  { what: 'a configured host', headers: { host: 'borgos.example' }, code: undefined },
  { what: 'no host', headers: {}, code: 'MISDIRECTED_REQUEST' },
  { what: 'an empty host', headers: { host: '' }, code: 'MISDIRECTED_REQUEST' },
  { what: 'a foreign host', headers: { host: 'evil.test:8081' }, code: 'MISDIRECTED_REQUEST' },
  { what: 'a longer name', headers: { host: 'localhost.evil.test' }, code: 'MISDIRECTED_REQUEST' },
  { what: 'a user in the host', headers: { host: 'localhost@evil' }, code: 'MISDIRECTED_REQUEST' },
  { what: 'another loopback', headers: { host: '127.0.0.2' }, code: 'MISDIRECTED_REQUEST' },

  { what: 'its own page', headers: { host, origin: 'http://localhost:8081' }, code: undefined },
  {
    what: 'port 80',
    headers: { host: 'localhost:80', origin: 'http://localhost' },
    code: undefined,
  },
  {
    what: 'a configured page',
    headers: { host, origin: 'https://borgos.example' },
    code: undefined,
  },
  {
    what: 'a configured page of another site',
    headers: { host, origin: 'https://borgos.example', 'sec-fetch-site': 'cross-site' },
    code: undefined,
  },
  { what: 'a foreign page', headers: { host, origin: 'https://evil.test' }, code: 'FORBIDDEN' },
  { what: 'a deployed app', headers: { host, origin: 'http://localhost:8090' }, code: 'FORBIDDEN' },
  {
    what: 'the other loopback',
    headers: { host, origin: 'http://127.0.0.1:8081' },
    code: 'FORBIDDEN',
  },
  { what: 'a sandboxed page', headers: { host, origin: 'null' }, code: 'FORBIDDEN' },
  { what: 'an empty origin', headers: { host, origin: '' }, code: 'FORBIDDEN' },

  { what: 'same-origin', headers: { host, 'sec-fetch-site': 'same-origin' }, code: undefined },
  { what: 'the address bar', headers: { host, 'sec-fetch-site': 'none' }, code: undefined },
  {
    what: 'none on a POST',
    method: 'POST',
    headers: { host, 'sec-fetch-site': 'none' },
    code: 'FORBIDDEN',
  },
  { what: 'same-site', headers: { host, 'sec-fetch-site': 'same-site' }, code: 'FORBIDDEN' },
  { what: 'cross-site', headers: { host, 'sec-fetch-site': 'cross-site' }, code: 'FORBIDDEN' },

  {
    what: 'a JSON body',
    method: 'POST',
    headers: { host, 'content-type': json, 'content-length': '2' },
    code: undefined,
  },
  {
    what: 'a JSON body that names its charset',
    method: 'PATCH',
    headers: { host, 'content-type': `${json}; charset=UTF-8`, 'content-length': '2' },
    code: undefined,
  },
  { what: 'no body', method: 'POST', code: undefined },
  {
    what: 'an empty form',
    method: 'POST',
    headers: { host, 'content-type': 'text/plain', 'content-length': '0' },
    code: undefined,
  },
  {
    what: 'a plain text body',
    method: 'POST',
    headers: { host, 'content-type': 'text/plain', 'content-length': '2' },
    code: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    what: 'a form that hides JSON in its type',
    method: 'POST',
    headers: { host, 'content-type': `text/plain; ${json}`, 'content-length': '2' },
    code: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    what: 'another charset',
    method: 'PUT',
    headers: { host, 'content-type': `${json}; charset=utf-16`, 'content-length': '2' },
    code: 'UNSUPPORTED_MEDIA_TYPE',
  },
  {
    what: 'a chunked body without a type',
    method: 'DELETE',
    headers: { host, 'transfer-encoding': 'chunked' },
    code: 'UNSUPPORTED_MEDIA_TYPE',
  },

  { what: 'the decimal host', headers: { host: '2130706433' }, code: 'MISDIRECTED_REQUEST' },
  { what: 'the octal host', headers: { host: '0177.0.0.1' }, code: 'MISDIRECTED_REQUEST' },
  { what: 'the short host', headers: { host: '127.1' }, code: 'MISDIRECTED_REQUEST' },
  { what: 'the zero host', headers: { host: '0:8081' }, code: 'MISDIRECTED_REQUEST' },
  { what: 'any address', headers: { host: '0.0.0.0:8081' }, code: 'MISDIRECTED_REQUEST' },
  { what: 'the mapped host', headers: { host: '[::ffff:127.0.0.1]' }, code: 'MISDIRECTED_REQUEST' },
  { what: 'two hosts', rawHeaders: ['Host', host, 'hOst', host], code: 'MISDIRECTED_REQUEST' },
  { what: 'a whole URL of its own', target: `http://${host}/api/v1/projects`, code: undefined },
  { what: 'a whole URL of another', target: 'http://evil.test/', code: 'MISDIRECTED_REQUEST' },
  { what: 'a whole URL of another port', target: 'http://localhost/', code: 'MISDIRECTED_REQUEST' },
  { what: 'a whole URL with a user', target: `http://a@${host}/`, code: 'MISDIRECTED_REQUEST' },
  { what: 'a target that is no path', target: 'evil.test:443', code: 'MISDIRECTED_REQUEST' },
];

test.each(cases)('$what: $code', ({ what: _, code, ...request }) => {
  const refusal = guard({
    method: 'GET',
    target: '/',
    headers: { host },
    rawHeaders: [],
    ...request,
  });
  expect(refusal?.code).toBe(code);
});

test.each([
  ['/api/v1/projects?limit=1', '/api/v1/projects?limit=1'],
  ['http://localhost:8081/health', '/health'],
  ['HTTP://LOCALHOST:8081', '/'],
  ['/docs?url=http://evil.test/x', '/docs?url=http://evil.test/x'],
])('the path of the target %s is %s', (target, path) => {
  expect(pathOf(target)).toBe(path);
});

test('the guard stands before every route, also where there is none', async () => {
  const { url } = await startEndpoint(echo, async (input) => input);
  for (const path of ['/echo', '/nowhere', '/%zz']) {
    const answer = await fetch(`${url}${path}`, { headers: { authorization: 'Bearer x' } });
    expect(answer.status, path).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(await answer.json()).toMatchObject({
      error: 'Unauthorized',
      message: 'Invalid or missing authentication token',
      code: 'UNAUTHORIZED',
    });
  }
});

test('no page of another origin may read an answer, unless it is configured', async () => {
  const mine = 'https://dashboard.example';
  const { url } = await startEndpoint(echo, async (input) => input, { allowedOrigins: [mine] });
  const ask = (origin: string, method = 'OPTIONS') =>
    fetch(`${url}/echo`, { method, headers: { origin } });
  const preflight = await ask(mine);
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-origin')).toBe(mine);
  expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
  expect((await ask(mine, 'POST')).headers.get('access-control-allow-origin')).toBe(mine);
  const foreign = await ask('https://evil.test');
  expect(foreign.status).toBe(403);
  expect(foreign.headers.get('access-control-allow-origin')).toBeNull();

  // It asks without the credential that the request itself will carry, also from elsewhere.
  const remote = await fetch(`${url}/echo`, {
    method: 'OPTIONS',
    headers: { origin: mine, 'x-forwarded-for': '1.2.3.4' },
  });
  expect(remote.status).toBe(204);
  expect(remote.headers.get('access-control-allow-headers')).toContain('Authorization');
});
