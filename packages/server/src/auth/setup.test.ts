import { scopes } from '@borgos/contracts/endpoint';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemActor } from '../caller.ts';
import { actor, basic, from, local, startTestAuth, type TestAuth } from '../testing/test-auth.ts';
import type { Auth } from './auth.ts';

let it: TestAuth;
let auth: Auth;
beforeEach(async () => {
  it = await startTestAuth();
  ({ auth } = it);
});
afterEach(() => it.close());

const password = 'a long password';
const setup = (setup_token: string, username = 'ada') =>
  auth.setup({ setup_token, username, password }, from, actor);

describe('the setup token', () => {
  test('is given once, and makes the first administrator once', async () => {
    const token = (await auth.makeSetupToken()) ?? '';
    expect(token).toMatch(/^borgs_[0-9A-Za-z]{43}$/);
    expect(await auth.makeSetupToken()).toBeNull();
    await expect(setup('borgs_wrong')).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect((await it.eventsOf('login_failed')).map(({ data }) => data)).toEqual([{ name: 'ada' }]);
    expect(await auth.hasAdministrator()).toBe(false);

    const user = await setup(token);
    expect(user).toMatchObject({ name: 'ada', scopes: [...scopes].sort() });
    expect(await it.eventsOf('user_created')).toEqual([
      { data: { id: user.id, name: 'ada', scopes: user.scopes }, actor },
    ]);
    expect(await auth.hasAdministrator()).toBe(true);
    await expect(setup(token, 'grace')).rejects.toMatchObject({ code: 'ALREADY_SET_UP' });
    expect(await auth.makeSetupToken()).toBeNull();
    const kept = await it.database.db.selectFrom('installation').selectAll().execute();
    expect(kept[0]?.setup_token_hash).toBeNull();
    expect(await auth.authenticate(basic('ada', password), from)).toMatchObject({
      user: { id: user.id },
    });
  });

  test('used by several at once makes one administrator', async () => {
    const token = (await auth.makeSetupToken()) ?? '';
    const results = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((name) => setup(token, name)),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason.code).toBe('ALREADY_SET_UP');
    }
    expect((await auth.users.list({ limit: 10 })).total).toBe(1);
  });

  test('is not made twice by two servers that start at once', async () => {
    const others = await Promise.all([1, 2, 3].map(() => it.another({ hears: false })));
    const made = await Promise.all([auth, ...others].map((server) => server.makeSetupToken()));
    expect(made.filter((token) => token !== null)).toHaveLength(1);
  });

  test('cannot be guessed for long, and there is none before it is made', async () => {
    for (let time = 0; time < 5; time += 1) {
      await expect(setup('borgs_guess')).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    }
    await expect(setup('borgs_guess')).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterSeconds: 1,
    });
  });
});

describe('the administrator’s password of the settings', () => {
  test('makes the user admin, unless there is an administrator', async () => {
    const others = await Promise.all([1, 2].map(() => it.another({ hears: false })));
    const made = await Promise.all(
      [auth, ...others].map((server) => server.makeFirstAdministrator(password)),
    );
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(await auth.makeFirstAdministrator('another password')).toBe(false);
    expect(await auth.authenticate(basic('admin', password), from)).toMatchObject({
      user: { name: 'admin' },
      scopes: new Set(scopes),
    });
    expect((await it.eventsOf('user_created'))[0]?.actor).toEqual(systemActor);
  });

  test('is refused when it is too short, without being shown', async () => {
    await expect(auth.makeFirstAdministrator('tooshort')).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      message: 'password must have at least 12 characters',
    });
  });
});

describe('resetting a password', () => {
  test('of a name that nobody has makes an administrator', async () => {
    expect(await auth.resetPassword('Ada', password)).toBe('created');
    expect(await auth.authenticate(basic('ada', password), from)).toMatchObject({
      scopes: new Set(scopes),
    });
  });

  test('of a user changes nothing else, and ends the sessions', async () => {
    const { id, name } = await it.addUser('ada', ['projects:read']);
    const { access_token } = await it.login(name);
    expect(await auth.resetPassword('ada', password)).toBe('reset');
    await expect(
      Promise.resolve(auth.authenticate(`Bearer ${access_token}`, from)),
    ).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(await auth.authenticate(basic('ada', password), from)).toMatchObject({
      user: { id },
      scopes: new Set(['projects:read']),
    });
    expect((await it.eventsOf('user_updated'))[0]?.actor).toEqual(systemActor);
  });

  test('lets in who guessed too often', async () => {
    await it.addUser('ada');
    for (let time = 0; time < 5; time += 1) {
      await auth.sessions
        .open({ username: 'ada', password: 'wrong' }, { ...from, address: `192.0.2.${time}` })
        .catch(() => {});
    }
    await auth.resetPassword('ada', password);
    await auth.sessions.open({ username: 'ada', password }, from);
  });

  test('takes only names and passwords that a user can have', async () => {
    await expect(auth.resetPassword('a b', password)).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
    });
    await expect(auth.resetPassword('ada', 'short')).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
    });
    expect((await auth.users.list({ limit: 10 })).total).toBe(0);
    await auth.users.create({ name: 'x', password, scopes: ['projects:read'] }, local, actor);
    expect(await auth.hasAdministrator()).toBe(false);
  });
});
