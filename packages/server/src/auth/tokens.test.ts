import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actor, basic, from, local, startTestAuth, type TestAuth } from '../testing/test-auth.ts';
import type { Auth } from './auth.ts';

let it: TestAuth;
let auth: Auth;
beforeAll(async () => {
  it = await startTestAuth();
  ({ auth } = it);
});
afterAll(() => it.close());

const fields = {
  name: 'CI of my-app',
  scopes: ['projects:read' as const],
  expires_at: null,
  rate_limit: null,
};

describe('an API token', () => {
  test('is shown once, and only its hash is kept', async () => {
    const { token, ...made } = await auth.tokens.create(fields, local, actor);
    expect(made).toEqual({
      ...fields,
      id: expect.any(Number),
      prefix: token.slice(0, 9),
      created_by: null,
      created_at: expect.any(String),
      last_used_at: null,
      last_used_from: null,
      revoked_at: null,
    });
    expect(await auth.tokens.get(made.id)).toEqual(made);
    expect(await it.eventsOf('token_created')).toEqual([
      {
        data: { id: made.id, name: made.name, scopes: made.scopes, expires_at: null },
        actor,
      },
    ]);
    const kept = JSON.stringify([
      await it.database.db.selectFrom('api_tokens').selectAll().execute(),
      await it.database.db.selectFrom('events').selectAll().execute(),
    ]);
    expect(kept).not.toContain(token);
    expect(kept).not.toContain(token.slice(9));
  });

  test('belongs to the user who makes it', async () => {
    const { name, password } = await it.addUser('ada');
    const caller = await auth.authenticate(basic(name, password), from);
    expect(await auth.tokens.create(fields, caller, actor)).toMatchObject({ created_by: 'ada' });
  });

  test('can do no more than who makes it', async () => {
    const caller = { ...local, scopes: new Set(['admin:write' as const]) };
    await expect(auth.tokens.create(fields, caller, actor)).rejects.toMatchObject({
      code: 'SCOPE_MISSING',
      message: expect.stringContaining('projects:read'),
    });
  });

  test('cannot have expired before it is made', async () => {
    const expires_at = new Date(it.clock.ms).toISOString();
    await expect(auth.tokens.create({ ...fields, expires_at }, local, actor)).rejects.toMatchObject(
      {
        code: 'VALIDATION_FAILED',
        details: [{ path: 'body.expires_at', message: expect.stringContaining('in the future') }],
      },
    );
  });

  test('is revoked once, and stays in the list', async () => {
    const { id } = await auth.tokens.create(fields, local, actor);
    const revoked = await auth.tokens.revoke(id, actor);
    expect(revoked.revoked_at).toBe(new Date(it.clock.ms).toISOString());
    it.clock.ms += 1000;
    expect(await auth.tokens.revoke(id, actor)).toEqual(revoked);
    expect(await it.eventsOf('token_revoked')).toEqual([
      { data: { id, name: 'CI of my-app' }, actor },
    ]);
    await expect(auth.tokens.revoke(99_999, actor)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('is listed newest first, working ones and others apart', async () => {
    const soon = new Date(it.clock.ms + 1000).toISOString();
    const expired = await auth.tokens.create({ ...fields, expires_at: soon }, local, actor);
    const revoked = await auth.tokens.create(fields, local, actor);
    const works = await auth.tokens.create(fields, local, actor);
    await auth.tokens.revoke(revoked.id, actor);
    it.clock.ms += 1000;
    const list = async (active?: boolean) => {
      const { items, total } = await auth.tokens.list({
        limit: 100,
        ...(active !== undefined && { active }),
      });
      expect(total).toBe(items.length);
      return items.map(({ id }) => id);
    };
    expect((await list()).slice(0, 3)).toEqual([works.id, revoked.id, expired.id]);
    expect((await list(true))[0]).toBe(works.id);
    expect(await list(true)).not.toContain(expired.id);
    expect((await list(false)).slice(0, 2)).toEqual([revoked.id, expired.id]);
    const page = await auth.tokens.list({ limit: 1, offset: 1 });
    expect(page.items.map(({ id }) => id)).toEqual([revoked.id]);
    expect(page.total).toBe((await list()).length);
    expect((await auth.tokens.list({ limit: 1, offset: 1000 })).total).toBe(page.total);
  });
});
