import { scopes } from '@borgos/contracts/endpoint';
import { type Client, createClient } from '@borgos/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../testing/test-app.ts';

const password = 'correct horse battery staple';
let testApp: TestApp;

beforeAll(async () => {
  testApp = await startTestApp({ settings: { auth: 'required', adminPassword: password } });
});
afterAll(() => testApp.close());

const basic = (name: string, secret: string) =>
  `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;

async function call(
  method: string,
  path: string,
  { authorization, body }: { authorization?: string; body?: unknown } = {},
) {
  const answer = await fetch(`${testApp.url}${path}`, {
    method,
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it
  const json: any = await answer.json();
  return { status: answer.status, headers: answer.headers, body: json };
}

async function login(name = 'admin', secret = password) {
  const { body } = await call('POST', '/api/v1/auth/token', {
    body: { username: name, password: secret },
  });
  return body;
}

const clientOf = (token: string): Client => createClient({ baseUrl: testApp.url, token });

describe('with BORGOS_AUTH=required', () => {
  test('who sends no credential is refused as the reference says, on this machine too', async () => {
    const { status, headers, body } = await call('GET', '/api/v1/projects');
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe('Bearer');
    expect(body).toMatchObject({
      error: 'Unauthorized',
      message: 'Invalid or missing authentication token',
    });
  });

  test('a browser that opens a page is asked for a name and a password', async () => {
    const answer = await fetch(testApp.url, { headers: { accept: 'text/html,*/*' } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('Basic realm="BorgOS"');
    const page = await fetch(testApp.url, { headers: { authorization: basic('admin', password) } });
    expect(page.status).toBe(200);
  });

  test('whether it lives is told to everybody', async () => {
    expect((await call('GET', '/health')).status).toBe(200);
    expect((await call('GET', '/health/ready')).status).toBe(200);
  });
});

describe('the administrator of the first start', () => {
  test('gets in by HTTP Basic, and may do everything', async () => {
    const { status, body } = await call('GET', '/api/v1/auth/me', {
      authorization: basic('admin', password),
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ credential: 'password', user: { name: 'admin' } });
    expect(body.scopes).toEqual([...scopes].sort());
  });

  test('gets a session, renews it, and ends it', async () => {
    const first = await login();
    expect(first.expires_in).toBeLessThanOrEqual(3600);
    const me = await call('GET', '/api/v1/auth/me', {
      authorization: `Bearer ${first.access_token}`,
    });
    expect(me.body).toMatchObject({ credential: 'session', user: { name: 'admin' } });

    const renewed = await call('POST', '/api/v1/auth/token', {
      body: { refresh_token: first.refresh_token },
    });
    expect(renewed.status).toBe(200);
    const authorization = `Bearer ${renewed.body.access_token}`;
    expect((await call('GET', '/api/v1/status', { authorization })).status).toBe(200);

    const out = await call('DELETE', '/api/v1/auth/token', { authorization, body: {} });
    expect(out).toMatchObject({ status: 200, body: { message: 'Logged out' } });
    expect((await call('GET', '/api/v1/status', { authorization })).status).toBe(401);
    const again = { body: { refresh_token: renewed.body.refresh_token } };
    expect((await call('POST', '/api/v1/auth/token', again)).status).toBe(401);
  });

  test('is told the same of an unknown user and of a wrong password', async () => {
    const answers = [];
    for (const [username, secret] of [
      ['admin', 'wrong password'],
      ['nobody', 'wrong password'],
    ]) {
      const { status, body } = await call('POST', '/api/v1/auth/token', {
        body: { username, password: secret },
      });
      answers.push({ status, body: { ...body, request_id: '' } });
    }
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]).toMatchObject({ status: 401, body: { error: 'Unauthorized' } });
  });
});

describe('an API token', () => {
  test('works until it is revoked, within its scopes, and is not shown again', async () => {
    const admin = clientOf((await login()).access_token);
    const made = await admin.tokens.create({ name: 'CI', scopes: ['projects:write'] });
    expect(made.token).toMatch(/^borg_/);
    const ci = clientOf(made.token);
    const project = await ci.projects.create({ name: 'p', path: '/projects/of-ci' });
    expect((await ci.projects.get({ id: project.id })).name).toBe('p');
    await expect(ci.deployments.list()).rejects.toMatchObject({
      code: 'SCOPE_MISSING',
      message: 'This needs the scope deployments:read; the caller has projects:write',
    });
    expect(JSON.stringify(await admin.tokens.list())).not.toContain(made.token);

    await admin.tokens.revoke({ id: made.id });
    await expect(ci.projects.list()).rejects.toMatchObject({ status: 401 });
  });

  test('can be made with a limit of its own', async () => {
    const admin = clientOf((await login()).access_token);
    const { token } = await admin.tokens.create({
      name: 'slow',
      scopes: ['projects:read'],
      rate_limit: '60/2',
    });
    const ask = () => call('GET', '/api/v1/projects', { authorization: `Bearer ${token}` });
    const statuses = [];
    for (let request = 0; request < 3; request += 1) statuses.push((await ask()).status);
    expect(statuses).toEqual([200, 200, 429]);
  });
});

describe('a user', () => {
  test('can do what the administrator allowed, and nothing more', async () => {
    const admin = clientOf((await login()).access_token);
    const secret = 'a password of ada';
    const { id } = await admin.users.create({
      name: 'Ada',
      password: secret,
      scopes: ['projects:read'],
    });
    const ada = clientOf((await login('ada', secret)).access_token);
    expect((await ada.projects.list()).pagination.total).toBeGreaterThanOrEqual(0);
    await expect(ada.projects.create({ name: 'x', path: '/x' })).rejects.toMatchObject({
      code: 'SCOPE_MISSING',
    });
    await expect(ada.users.list()).rejects.toMatchObject({ code: 'SCOPE_MISSING' });

    const changed = await call('PUT', '/api/v1/auth/password', {
      body: { username: 'ada', password: secret, new_password: 'another password of ada' },
    });
    expect(changed.status).toBe(200);
    await expect(ada.projects.list()).rejects.toMatchObject({ status: 401 });

    await admin.users.delete({ id });
    const answer = await call('POST', '/api/v1/auth/token', {
      body: { username: 'ada', password: 'another password of ada' },
    });
    expect(answer.status).toBe(401);
  });

  test('who is the last administrator stays', async () => {
    const admin = clientOf((await login()).access_token);
    const [user] = (await admin.users.list()).data;
    await expect(admin.users.delete({ id: user?.id ?? 0 })).rejects.toMatchObject({
      code: 'LAST_ADMINISTRATOR',
    });
  });
});

test('the audit trail says who did what, from where, and with which credential', async () => {
  const admin = clientOf((await login()).access_token);
  const { id, token } = await admin.tokens.create({ name: 'audited', scopes: ['projects:write'] });
  const project = await clientOf(token).projects.create({ name: 'a', path: '/projects/audited' });
  const { data } = await admin.audit.list({ object: `project:${project.id}` });
  expect(data).toMatchObject([
    {
      type: 'project_created',
      data: { id: project.id, path: '/projects/audited' },
      actor: { credential: 'api_token', user: 'admin', token_id: id, address: '127.0.0.1' },
    },
  ]);
  const made = await admin.audit.list({ type: ['token_created'], user: 'admin', limit: 1 });
  expect(made.data[0]).toMatchObject({
    actor: { credential: 'session' },
    data: { name: 'audited' },
  });
  expect(await admin.audit.verify()).toMatchObject({ valid: true, broken_at: null });
});
