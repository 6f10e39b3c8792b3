import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unknownCaller } from '../caller.ts';
import {
  actor,
  bearer,
  from,
  local,
  passwordOf,
  startTestAuth,
  type TestAuth,
} from '../testing/test-auth.ts';
import type { Auth } from './auth.ts';

let it: TestAuth;
let auth: Auth;
beforeAll(async () => {
  it = await startTestAuth();
  ({ auth } = it);
});
afterAll(() => it.close());

const open = (input: Parameters<Auth['sessions']['open']>[0]) => auth.sessions.open(input, from);
const attempt = async (token: string) => auth.authenticate(bearer(token), from);
const refused = { code: 'UNAUTHORIZED' };

describe('logging in', () => {
  test('gives an access token and a refresh token for 30 days, and is recorded', async () => {
    const { id } = await it.addUser('ada', ['projects:write', 'errors:read']);
    const session = await open({ username: 'ada', password: passwordOf('ada') });
    expect(session).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'Bearer',
      expires_in: 900,
      refresh_token: expect.stringMatching(/^borgr_[0-9A-Za-z]{43}$/),
      refresh_expires_at: new Date(it.clock.ms + 30 * 86_400_000).toISOString(),
      scopes: ['projects:write', 'errors:read'],
    });
    expect(await it.eventsOf('login_succeeded')).toEqual([
      {
        data: { id, name: 'ada' },
        actor: { ...actor, credential: 'password', user: 'ada' },
      },
    ]);
    const { last_login_at } = await auth.users.get(id);
    expect(last_login_at).toBe(new Date(it.clock.ms).toISOString());
    const kept = JSON.stringify([
      await it.database.db.selectFrom('sessions').selectAll().execute(),
      await it.database.db.selectFrom('events').selectAll().execute(),
    ]);
    for (const secret of [session.access_token, session.refresh_token, passwordOf('ada')]) {
      expect(kept).not.toContain(secret);
    }
  });

  test('fails in the same words for a wrong password as for a name that nobody has', async () => {
    const errors = [];
    for (const username of ['ada', 'nobody']) {
      errors.push(
        await open({ username, password: 'no such password' }).then(
          () => undefined,
          ({ code, message, details }) => ({ code, message, details }),
        ),
      );
    }
    expect(errors[0]).toEqual({
      code: 'UNAUTHORIZED',
      message: 'Wrong user name or password',
      details: undefined,
    });
    expect(errors[1]).toEqual(errors[0]);
  });

  test('can be with fewer scopes than the user has, and not with more', async () => {
    const login = { username: 'ada', password: passwordOf('ada') };
    const { access_token, scopes } = await open({ ...login, scopes: ['projects:read'] });
    expect(scopes).toEqual(['projects:read']);
    expect(await attempt(access_token)).toMatchObject({ scopes: new Set(['projects:read']) });
    await expect(open({ ...login, scopes: ['errors:write'] })).rejects.toMatchObject({
      code: 'SCOPE_MISSING',
      message: expect.stringContaining('errors:write'),
    });
  });
});

describe('a refresh token', () => {
  beforeAll(() => it.addUser('renews', ['projects:write']));

  test('gives the next ones, and 30 more days', async () => {
    const first = await it.login('renews');
    it.clock.ms += 20 * 86_400_000;
    const second = await open({ refresh_token: first.refresh_token });
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await attempt(second.access_token)).toMatchObject({ user: { name: 'renews' } });
    it.clock.ms += 20 * 86_400_000;
    const third = await open({ refresh_token: second.refresh_token, scopes: ['projects:read'] });
    expect(await attempt(third.access_token)).toMatchObject({
      scopes: new Set(['projects:read']),
    });
    await expect(
      open({ refresh_token: third.refresh_token, scopes: ['admin:write'] }),
    ).rejects.toMatchObject({ code: 'SCOPE_MISSING' });
    it.clock.ms += 30 * 86_400_000;
    await expect(open({ refresh_token: third.refresh_token })).rejects.toMatchObject(refused);
  });

  test('used a second time ends the session for both of its users', async () => {
    const first = await it.login('renews');
    const second = await open({ refresh_token: first.refresh_token });
    await attempt(second.access_token);
    const before = (await it.eventsOf('session_revoked')).length;
    await expect(open({ refresh_token: first.refresh_token })).rejects.toMatchObject(refused);
    await expect(attempt(second.access_token)).rejects.toMatchObject(refused);
    await expect(open({ refresh_token: second.refresh_token })).rejects.toMatchObject(refused);
    await expect(open({ refresh_token: first.refresh_token })).rejects.toMatchObject(refused);
    const revoked = (await it.eventsOf('session_revoked')).slice(before);
    expect(revoked).toEqual([
      {
        data: { id: expect.any(Number), name: 'renews', reason: 'reuse' },
        actor: { ...actor, credential: 'none' },
      },
    ]);
  });

  test('used by many at once works for one, and nobody is left with a session', async () => {
    const { refresh_token } = await it.login('renews');
    const attempts = await Promise.allSettled(
      Array.from({ length: 8 }, () => open({ refresh_token })),
    );
    const given = attempts.filter((one) => one.status === 'fulfilled');
    expect(given).toHaveLength(1);
    for (const { value } of given) {
      await expect(attempt(value.access_token)).rejects.toMatchObject(refused);
      await expect(open({ refresh_token: value.refresh_token })).rejects.toMatchObject(refused);
    }
  });

  test('that BorgOS did not make is refused', async () => {
    await expect(open({ refresh_token: 'borgr_x' })).rejects.toMatchObject(refused);
    await expect(open({ refresh_token: '' })).rejects.toMatchObject(refused);
  });
});

describe('logging out', () => {
  beforeAll(() => it.addUser('leaves'));

  test('ends the session of the refresh token, and can be done again', async () => {
    const stays = await it.login('leaves');
    const { access_token, refresh_token } = await it.login('leaves');
    await attempt(access_token);
    const before = (await it.eventsOf('session_revoked')).length;
    for (let time = 0; time < 2; time += 1) {
      await auth.sessions.logout({ refresh_token }, unknownCaller('127.0.0.1'), actor);
    }
    await expect(attempt(access_token)).rejects.toMatchObject(refused);
    await expect(open({ refresh_token })).rejects.toMatchObject(refused);
    await attempt(stays.access_token);
    const revoked = (await it.eventsOf('session_revoked')).slice(before);
    expect(revoked.map(({ data }) => data)).toEqual([
      { id: expect.any(Number), name: 'leaves', reason: 'logout' },
    ]);
  });

  test('ends the session of the access token that the request carries', async () => {
    const { access_token, refresh_token } = await it.login('leaves');
    await auth.sessions.logout({}, await attempt(access_token), actor);
    await expect(attempt(access_token)).rejects.toMatchObject(refused);
    await expect(open({ refresh_token })).rejects.toMatchObject(refused);
  });

  test('of an unknown session is no error, and of none is one', async () => {
    await auth.sessions.logout({ refresh_token: 'borgr_x' }, local, actor);
    await expect(auth.sessions.logout({}, local, actor)).rejects.toMatchObject(refused);
  });
});

describe('changing one’s own password', () => {
  const change = (password: string) =>
    auth.users.changePassword(
      { username: 'changes', password, new_password: 'another password' },
      from,
    );

  test('takes the old one, ends all sessions, and is recorded', async () => {
    const { id } = await it.addUser('changes');
    const { access_token, refresh_token } = await it.login('changes');
    await attempt(access_token);
    await expect(change('no such password')).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: 'Wrong user name or password',
    });
    await change(passwordOf('changes'));
    await expect(attempt(access_token)).rejects.toMatchObject(refused);
    await expect(open({ refresh_token })).rejects.toMatchObject(refused);
    await expect(it.login('changes')).rejects.toMatchObject(refused);
    await open({ username: 'changes', password: 'another password' });
    expect((await it.eventsOf('user_updated')).at(-1)).toEqual({
      data: { id, name: 'changes', changed: ['password'] },
      actor: { ...actor, credential: 'password', user: 'changes' },
    });
    expect((await it.eventsOf('session_revoked')).at(-1)?.data).toEqual({
      id,
      name: 'changes',
      reason: 'password_changed',
    });
  });
});

test('sessions and refresh tokens that ended long ago are deleted, others stay', async () => {
  const { db } = it.database;
  await it.addUser('rests');
  const old = await it.login('rests');
  it.clock.ms += 29 * 86_400_000;
  const renewed = await open({ refresh_token: old.refresh_token });
  it.clock.ms += 29 * 86_400_000;
  await auth.forgetOld();
  const count = async (table: 'sessions' | 'refresh_tokens') =>
    (await db.selectFrom(table).selectAll().execute()).length;
  expect([(await count('sessions')) > 1, (await count('refresh_tokens')) > 1]).toEqual([
    true,
    true,
  ]);
  it.clock.ms += 2 * 86_400_000;
  await expect(open({ refresh_token: renewed.refresh_token })).rejects.toMatchObject(refused);
  it.clock.ms += 40 * 86_400_000;
  await auth.forgetOld();
  expect([await count('sessions'), await count('refresh_tokens')]).toEqual([0, 0]);
});
