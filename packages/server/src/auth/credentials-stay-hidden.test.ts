import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesWith, tablesWith } from '../testing/find-canary.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';

let testApp: TestApp;
const logged: string[] = [];
/** Everything secret that was said to the server, or by it. */
const canaries: string[] = [];

function canary(name: string): string {
  const text = `canary of the ${name} 7f3a9d1e`;
  canaries.push(text, Buffer.from(text).toString('base64').slice(2, -4), encodeURIComponent(text));
  return text;
}

const shows = (text: string) => canaries.some((one) => text.includes(one));
const adminPassword = canary('administrator');

beforeAll(async () => {
  testApp = await startTestApp({
    settings: { auth: 'required', adminPassword },
    log: pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) }),
  });
});
afterAll(() => testApp.close());

async function call(
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: unknown } = {},
) {
  const json = { 'content-type': 'application/json' };
  const answer = await fetch(`${testApp.url}${path}`, {
    method,
    headers: { ...headers, ...(body !== undefined && json) },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: answer.status, text: await answer.text() };
}

const basic = (name: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
});
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('no credential is in a log, an error, an event, a table, a file or a metric', async () => {
  const admin = basic('admin', adminPassword);
  const login = (username: string, password: string) =>
    call('POST', '/api/v1/auth/token', { body: { username, password } });

  // What goes wrong, in every way that quotes what it was given.
  const wrong = [
    await login('admin', canary('wrong password')),
    await call('GET', '/api/v1/status', { headers: bearer(canary('wrong token')) }),
    await call('GET', '/api/v1/status', { headers: bearer(`borg_${'7'.repeat(49)}canary7f3a`) }),
    await call('GET', '/api/v1/status', { headers: { authorization: canary('wrong scheme') } }),
    await call('POST', '/api/v1/auth/setup', {
      body: { setup_token: canary('setup'), username: 'x', password: canary('setup password') },
    }),
    await call('POST', '/api/v1/auth/token', { body: { refresh_token: canary('refresh token') } }),
    await call('POST', '/api/v1/auth/token', {
      body: { username: 'admin', password: canary('password'), more: canary('unknown field') },
    }),
    await call('POST', '/api/v1/auth/token', { body: `{"password": "${canary('broken JSON')}` }),
    await call('POST', '/api/v1/users', {
      headers: admin,
      body: { name: 'no name!', password: canary('refused user'), scopes: ['nothing'] },
    }),
    await call('PUT', '/api/v1/auth/password', {
      body: { username: 'admin', password: canary('old'), new_password: canary('new one') },
    }),
  ];
  canaries.push('canary7f3a');
  for (const { status, text } of wrong) {
    expect(status, text).toBeGreaterThanOrEqual(400);
    expect(status, text).toBeLessThan(500);
    expect(shows(text), text).toBe(false);
  }

  // What works. The administrator's tries above make the next one wait, so others do it.
  const password = canary('user');
  const name = 'ada';
  const scopes = ['admin:write', 'projects:write'];
  const key = { 'idempotency-key': 'one of many' };
  const made = await call('POST', '/api/v1/users', {
    headers: { ...admin, ...key },
    body: { name, password, scopes },
  });
  expect(made.status, made.text).toBe(201);
  const session = JSON.parse((await login(name, password)).text);
  canaries.push(session.access_token, session.refresh_token);
  const token = await call('POST', '/api/v1/tokens', {
    headers: { ...bearer(session.access_token), ...key },
    body: { name: 'CI', scopes: ['projects:write'] },
  });
  expect(token.status, token.text).toBe(201);
  canaries.push(JSON.parse(token.text).token);
  const again = await call('POST', '/api/v1/tokens', {
    headers: { ...bearer(session.access_token), ...key },
    body: { name: 'CI', scopes: ['projects:write'] },
  });
  expect(again.text).toBe(token.text);
  const headers = bearer(JSON.parse(token.text).token);
  expect((await call('GET', '/api/v1/projects', { headers })).status).toBe(200);

  expect(logged.length).toBeGreaterThan(10);
  expect(logged.filter(shows)).toEqual([]);
  expect(await tablesWith(testApp.app.database.db, shows)).toEqual([]);
  expect(await filesWith(testApp.home, shows)).toEqual([]);
  const readers = [
    '/metrics',
    '/api/v1/audit',
    '/api/v1/users',
    '/api/v1/tokens',
    '/api/v1/auth/me',
  ];
  for (const path of readers) {
    const answer = await call('GET', path, { headers: bearer(session.access_token) });
    expect(answer.status, path).toBe(200);
    expect(shows(answer.text), path).toBe(false);
  }
});
