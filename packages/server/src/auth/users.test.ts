import type { Scope } from '@borgos/contracts/endpoint';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  actor,
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

const callerWith = (...scopes: Scope[]) => ({ ...local, scopes: new Set(scopes) });

describe('a user', () => {
  test('is added, listed, read and removed, and every change is told', async () => {
    const scopes: Scope[] = ['projects:read', 'errors:write'];
    const made = await auth.users.create(
      { name: 'ada', password: passwordOf('ada'), scopes },
      local,
      actor,
    );
    expect(made).toEqual({
      id: expect.any(Number),
      name: 'ada',
      scopes,
      created_at: expect.any(String),
      updated_at: expect.any(String),
      last_login_at: null,
    });
    const { id } = made;
    expect(await auth.users.get(id)).toEqual(made);
    expect(await auth.users.list({ limit: 10 })).toEqual({ items: [made], total: 1 });
    expect(await auth.users.list({ limit: 10, offset: 5 })).toEqual({ items: [], total: 1 });
    await auth.users.update(id, { name: 'countess' }, local, actor);
    await auth.users.delete(id, actor);
    await expect(auth.users.get(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(auth.users.delete(id, actor)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(auth.users.update(id, { name: 'x' }, local, actor)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect([
      ...(await it.eventsOf('user_created')),
      ...(await it.eventsOf('user_updated')),
      ...(await it.eventsOf('user_deleted')),
    ]).toEqual([
      { data: { id, name: 'ada', scopes }, actor },
      { data: { id, name: 'countess', changed: ['name'] }, actor },
      { data: { id, name: 'countess' }, actor },
    ]);
  });

  test('has a name that nobody else has', async () => {
    await it.addUser('taken');
    const { id } = await it.addUser('free');
    await expect(it.addUser('taken')).rejects.toMatchObject({ code: 'USER_EXISTS' });
    await expect(auth.users.update(id, { name: 'taken' }, local, actor)).rejects.toMatchObject({
      code: 'USER_EXISTS',
    });
  });

  test('keeps the sessions when only the name changes', async () => {
    const { id, name } = await it.addUser('renamed');
    const { access_token } = await it.login(name);
    await auth.users.update(id, { name: 'other-name' }, local, actor);
    expect(await auth.authenticate(`Bearer ${access_token}`, from)).toMatchObject({
      user: { id, name: 'other-name' },
    });
  });
});

describe('nobody gives more than they have', () => {
  const missing = (scope: Scope) => ({
    code: 'SCOPE_MISSING',
    message: expect.stringContaining(`does not have the scope ${scope}`),
  });
  const limited = callerWith('admin:write', 'projects:write');

  test('to a new user', async () => {
    const add = (name: string, scopes: Scope[]) =>
      auth.users.create({ name, password: 'a long password', scopes }, limited, actor);
    await add('within', ['projects:read', 'admin:read']);
    await expect(add('beyond', ['projects:read', 'errors:read'])).rejects.toMatchObject(
      missing('errors:read'),
    );
  });

  test('to a user, nor takes over one who may do more by a new password', async () => {
    const { id } = await it.addUser('mighty');
    const update = (fields: Parameters<Auth['users']['update']>[1]) =>
      auth.users.update(id, fields, limited, actor);
    await expect(update({ scopes: ['errors:write'] })).rejects.toMatchObject(
      missing('errors:write'),
    );
    await expect(update({ password: 'a long password' })).rejects.toMatchObject({
      code: 'SCOPE_MISSING',
    });
    await it.login('mighty');
    expect(await update({ scopes: ['projects:write'], password: 'a long password' })).toMatchObject(
      {
        scopes: ['projects:write'],
      },
    );
  });
});

describe('the last administrator', () => {
  const last = { code: 'LAST_ADMINISTRATOR' };

  /** Leaves these two, of whom each may administer. */
  async function leaveTwo(name: string) {
    const pair = [await it.addUser(`${name}-1`), await it.addUser(`${name}-2`)] as const;
    const { items } = await auth.users.list({ limit: 1000 });
    for (const { id } of items) {
      if (!pair.some((user) => user.id === id)) await auth.users.delete(id, actor);
    }
    return pair;
  }

  test('is neither removed nor made less', async () => {
    const [one, two] = await leaveTwo('alone');
    await auth.users.update(one.id, { scopes: ['admin:read'] }, local, actor);
    await expect(auth.users.delete(two.id, actor)).rejects.toMatchObject(last);
    await expect(
      auth.users.update(two.id, { scopes: ['admin:read', 'projects:write'] }, local, actor),
    ).rejects.toMatchObject(last);
    expect(await auth.hasAdministrator()).toBe(true);
    await auth.users.update(two.id, { scopes: ['admin:write'] }, local, actor);
    await auth.users.delete(one.id, actor);
  });

  test.each([
    ['remove', (id: number) => auth.users.delete(id, actor)],
    ['demote', (id: number) => auth.users.update(id, { scopes: ['admin:read'] }, local, actor)],
  ])('stays when two %s each other at the same moment', async (what, change) => {
    for (let round = 0; round < 5; round += 1) {
      const pair = await leaveTwo(`${what}-${round}`);
      const results = await Promise.allSettled(pair.map(({ id }) => change(id)));
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: last });
      expect(await auth.hasAdministrator()).toBe(true);
    }
  });
});
