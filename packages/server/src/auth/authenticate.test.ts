import { createSecretKey, randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  actor,
  basic,
  bearer,
  from,
  local,
  passwordOf,
  startTestAuth,
  type TestAuth,
} from '../testing/test-auth.ts';
import { waitFor } from '../testing/wait-for.ts';
import { makeApiToken } from './api-token.ts';
import type { Auth } from './auth.ts';

let it: TestAuth;
let auth: Auth;
beforeAll(async () => {
  it = await startTestAuth();
  ({ auth } = it);
});
afterAll(() => it.close());

const refusal = {
  code: 'UNAUTHORIZED',
  message: 'Invalid or missing authentication token',
  details: undefined,
};

/** Whether thrown at once or rejected. */
const attempt = async (authorization: string, server = auth, address = from.address) =>
  server.authenticate(authorization, { ...from, address });

const makeToken = (fields: Partial<Parameters<Auth['tokens']['create']>[0]> = {}, caller = local) =>
  auth.tokens.create(
    { name: 'CI', scopes: ['projects:write'], expires_at: null, rate_limit: null, ...fields },
    caller,
    actor,
  );

async function isRefusedBy(server: Auth, authorization: string): Promise<boolean> {
  return attempt(authorization, server).then(
    () => false,
    (error) => error.code === 'UNAUTHORIZED',
  );
}

describe('an API token', () => {
  test('says who the caller is, the second time at once', async () => {
    const { id, token } = await makeToken({ rate_limit: '600/1000' });
    const first = auth.authenticate(bearer(token), from);
    expect(first).toBeInstanceOf(Promise);
    const caller = {
      credential: 'api_token',
      user: null,
      tokenId: id,
      address: '127.0.0.1',
      scopes: new Set(['projects:write']),
      rateLimit: { perMinute: 600, burst: 1000 },
    };
    expect(await first).toEqual(caller);
    expect(auth.authenticate(bearer(token), { ...from, address: '192.0.2.1' })).toEqual({
      ...caller,
      address: '192.0.2.1',
    });
  });

  test('is refused as soon as it is revoked, by a server that hears of it soon too', async () => {
    const { id, token } = await makeToken();
    const hearing = await it.another({ hears: true });
    const deaf = await it.another({ hears: false });
    for (const server of [auth, hearing, deaf]) await attempt(bearer(token), server);
    await auth.tokens.revoke(id, actor);
    await expect(attempt(bearer(token))).rejects.toMatchObject(refusal);
    await waitFor('the other server to hear of it', () => isRefusedBy(hearing, bearer(token)));
    // And ten seconds later by one that hears nothing.
    expect(await isRefusedBy(deaf, bearer(token))).toBe(false);
    it.clock.ms += 10_000;
    expect(await isRefusedBy(deaf, bearer(token))).toBe(true);
  });

  test('is refused from the moment it expires, also while it is remembered', async () => {
    const { token } = await makeToken({ expires_at: new Date(it.clock.ms + 5000).toISOString() });
    await attempt(bearer(token));
    it.clock.ms += 4999;
    await attempt(bearer(token));
    it.clock.ms += 1;
    await expect(attempt(bearer(token))).rejects.toMatchObject(refusal);
  });

  test('can do no more than its owner can now, and ends with the owner', async () => {
    const owner = await it.addUser('owner', ['projects:write', 'errors:write', 'admin:write']);
    const caller = await attempt(basic(owner.name, owner.password));
    const { token } = await makeToken({ scopes: ['projects:write', 'errors:write'] }, caller);
    expect(await attempt(bearer(token))).toMatchObject({
      user: { id: owner.id, name: 'owner' },
      scopes: new Set(['projects:write', 'errors:write']),
    });
    await it.addUser('other-administrator');
    await auth.users.update(owner.id, { scopes: ['projects:read'] }, local, actor);
    expect(await attempt(bearer(token))).toMatchObject({ scopes: new Set(['projects:read']) });
    await auth.users.delete(owner.id, actor);
    await expect(attempt(bearer(token))).rejects.toMatchObject(refusal);
  });

  test('has its last use recorded, once a minute, from where it was', async () => {
    const { id, token } = await makeToken();
    const server = await it.another({ hears: false });
    const use = (address: string) => attempt(bearer(token), server, address);
    const read = async () => {
      await server.close();
      const { last_used_at, last_used_from } = await auth.tokens.get(id);
      return [last_used_at && Date.parse(last_used_at), last_used_from];
    };
    expect(await read()).toEqual([null, null]);
    const first = it.clock.ms;
    await use('192.0.2.1');
    await use('192.0.2.2');
    expect(await read()).toEqual([first, '192.0.2.1']);
    it.clock.ms += 59_999;
    await use('192.0.2.3');
    expect(await read()).toEqual([first, '192.0.2.1']);
    it.clock.ms += 1;
    await use('192.0.2.4');
    expect(await read()).toEqual([first + 60_000, '192.0.2.4']);
  });

  test('has its last use recorded without anybody waiting for it', async () => {
    const { id, token } = await makeToken();
    await attempt(bearer(token));
    await waitFor('the use', async () => (await auth.tokens.get(id)).last_used_at);
  });
});

describe('a password over Basic', () => {
  test('says who the caller is, the second time at once, however the name is written', async () => {
    const { id } = await it.addUser('basic', ['projects:read']);
    const caller = {
      credential: 'password',
      user: { id, name: 'basic' },
      tokenId: null,
      address: '127.0.0.1',
      scopes: new Set(['projects:read']),
      rateLimit: null,
    };
    const header = basic('Basic', passwordOf('basic'));
    expect(await attempt(header)).toEqual(caller);
    expect(auth.authenticate(header, from)).toEqual(caller);
  });

  test('is refused when it is wrong, each time anew, and that is recorded', async () => {
    await it.addUser('wrong');
    const before = (await it.eventsOf('login_failed')).length;
    for (const name of ['wrong', 'nobody']) {
      for (let time = 0; time < 2; time += 1) {
        await expect(attempt(basic(name, 'no such password'))).rejects.toMatchObject(refusal);
      }
    }
    const recorded = (await it.eventsOf('login_failed')).slice(before);
    expect(recorded.map(({ data }) => data)).toEqual(
      ['wrong', 'wrong', 'nobody', 'nobody'].map((name) => ({ name })),
    );
    expect(recorded[0]?.actor).toEqual({
      credential: 'none',
      user: null,
      token_id: null,
      address: '127.0.0.1',
      request_id: 'req_test',
    });
    expect(JSON.stringify(recorded)).not.toContain('no such password');
    await attempt(basic('wrong', passwordOf('wrong')));
  });

  test('used by many at once is compared once', async () => {
    const { name, password } = await it.addUser('many');
    const callers = await Promise.all(
      Array.from({ length: 50 }, () => attempt(basic(name, password))),
    );
    expect(callers.every(({ user }) => user?.name === 'many')).toBe(true);
  });

  test('that was changed is refused at once, and the new one works', async () => {
    const { id, name, password } = await it.addUser('changes');
    const hearing = await it.another({ hears: true });
    const deaf = await it.another({ hears: false });
    for (const server of [auth, hearing, deaf]) await attempt(basic(name, password), server);
    await auth.users.update(id, { password: 'another password' }, local, actor);
    await expect(attempt(basic(name, password))).rejects.toMatchObject(refusal);
    expect(await attempt(basic(name, 'another password'))).toMatchObject({ user: { id } });
    it.clock.ms += 10_000;
    expect(await isRefusedBy(deaf, basic(name, password))).toBe(true);
    await waitFor('the other server to hear of it', () =>
      isRefusedBy(hearing, basic(name, password)),
    );
  });

  test('of a user who was renamed works with the new name only', async () => {
    const { id, name, password } = await it.addUser('before');
    const deaf = await it.another({ hears: false });
    for (const server of [auth, deaf]) await attempt(basic(name, password), server);
    await auth.users.update(id, { name: 'after' }, local, actor);
    it.clock.ms += 10_000;
    for (const server of [auth, deaf]) {
      await expect(attempt(basic(name, password), server)).rejects.toMatchObject(refusal);
      expect(await attempt(basic('after', password), server)).toMatchObject({
        user: { name: 'after' },
      });
      await attempt(basic('after', password), server);
    }
  });
});

describe('an access token', () => {
  // So that the others are not the last administrator.
  beforeAll(() => it.addUser('stays'));

  test('says who the caller is, for 15 minutes', async () => {
    const { id } = await it.addUser('session', ['projects:read']);
    const { access_token, expires_in } = await it.login('session');
    expect(expires_in).toBe(900);
    expect(await attempt(bearer(access_token))).toMatchObject({
      credential: 'session',
      user: { id, name: 'session' },
      tokenId: null,
      scopes: new Set(['projects:read']),
    });
    it.clock.ms += 898_000;
    await attempt(bearer(access_token));
    it.clock.ms += 2_000;
    await expect(attempt(bearer(access_token))).rejects.toMatchObject(refusal);
  });

  test.each([
    ['a password', { password: 'another password' }],
    ['other scopes', { scopes: ['projects:read' as const] }],
  ])('of a user who was given %s is refused at once', async (what, change) => {
    const { id, name } = await it.addUser(what.replace(/\W/g, '-'));
    const hearing = await it.another({ hears: true });
    const deaf = await it.another({ hears: false });
    const { access_token } = await it.login(name);
    const header = bearer(access_token);
    for (const server of [auth, hearing, deaf]) await attempt(header, server);
    await auth.users.update(id, change, local, actor);
    await expect(attempt(header)).rejects.toMatchObject(refusal);
    it.clock.ms += 10_000;
    expect(await isRefusedBy(deaf, header)).toBe(true);
    await waitFor('the other server to hear of it', () => isRefusedBy(hearing, header));
  });

  test('that BorgOS did not make so is refused', async () => {
    const { id } = await it.addUser('forged');
    const { access_token } = await it.login('forged');
    const [, payload = ''] = access_token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const key = createSecretKey(it.signingKey);
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const sign = (header: object, changed: object = {}, signingKey = key) =>
      new SignJWT({ ...claims, ...changed })
        .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', ...header })
        .sign(signingKey);

    // The control: what is signed like this is accepted unless something is wrong.
    expect(await attempt(bearer(await sign({})))).toMatchObject({ user: { id } });
    const forged = [
      await sign({}, {}, createSecretKey(randomBytes(32))),
      await sign(
        { alg: 'HS512' },
        {},
        createSecretKey(Buffer.concat([it.signingKey, it.signingKey])),
      ),
      await sign({ typ: 'JWT' }),
      await sign({ typ: undefined }),
      await sign({}, { iss: 'other' }),
      await sign({}, { aud: 'other' }),
      await sign({}, { exp: undefined }),
      await sign({}, { exp: Math.floor(it.clock.ms / 1000) }),
      await sign({}, { nbf: Math.floor(it.clock.ms / 1000) + 60 }),
      await sign({}, { ver: claims.ver + 1 }),
      await sign({}, { ver: undefined }),
      await sign({}, { sub: String(id + 1) }),
      await sign({}, { sub: 'forged' }),
      await sign({}, { sid: '6f1b2c9e-8a51-4c6e-9a58-0e7d4f1a2b3c' }),
      await sign({}, { sid: "' or true --" }),
      await sign({}, { scopes: ['everything'] }),
      `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
      `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.AAAA`,
      `${access_token.slice(0, -2)}AA`,
      'a.b.c',
    ];
    for (const token of forged) {
      await expect(attempt(bearer(token)), token).rejects.toMatchObject(refusal);
    }
  });
});

test.each([
  '',
  'Bearer',
  'Bearer x',
  'Digest x',
  'Basic x',
  basic('', ''),
  basic('ada', ''),
  basic('a\0da', 'x'),
  bearer(makeApiToken()),
  bearer(`${makeApiToken().slice(0, -1)}_`),
  `Basic ${'A'.repeat(5000)}`,
])('what is no credential is refused in the same words: %j', async (header) => {
  await expect(attempt(header)).rejects.toMatchObject(refusal);
});
