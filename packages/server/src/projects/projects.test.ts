import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

describe('registering a project', () => {
  test('answers as the reference shows, with the scores of before the first scan', async () => {
    await using folder = await makeProjectFolder();
    const { status, body } = await app.request('POST', '/api/v1/projects', {
      name: 'NewProject',
      path: folder.path,
      project_type: 'api',
      tech_stack: ['FastAPI', 'postgresql'],
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      id: expect.any(Number),
      name: 'NewProject',
      path: folder.path,
      zenith_id: null,
      project_type: 'api',
      tech_stack: ['fastapi', 'postgresql'],
      health_score: 0,
      vibe_score: 75,
      eco_score: 80,
      errors: [],
      metadata: { lines_of_code: null, test_coverage: null, dependencies: null },
      is_active: true,
      scan_status: 'not_scanned',
      last_scan_at: null,
    });
  });

  test('of a directory that does not exist yet says that its path is missing', async () => {
    const project = await app.client.projects.create({ name: 'Later', path: '/nowhere/yet' });
    expect(project.scan_status).toBe('path_missing');
  });

  test('twice for one path is a conflict, however the path is spelled', async () => {
    await using folder = await makeProjectFolder();
    await app.client.projects.create({ name: 'One', path: folder.path });
    for (const spelling of [folder.path, `${folder.path}/`, `${folder.path}//.`]) {
      await expect(
        app.client.projects.create({ name: 'Two', path: spelling }),
      ).rejects.toMatchObject({ status: 409, code: 'PROJECT_EXISTS' });
    }
  });

  test.each([
    ['a relative path', { name: 'x', path: 'projects/x' }, 'body.path'],
    ['an empty path', { name: 'x', path: '' }, 'body.path'],
    ['a path with ..', { name: 'x', path: '/a/../etc' }, 'body.path'],
    ['a NUL character in the path', { name: 'x', path: '/a\u0000b' }, 'body.path'],
    ['a newline in the path', { name: 'x', path: '/a\nb' }, 'body.path'],
    ['a path of 5,000 characters', { name: 'x', path: `/${'a'.repeat(5000)}` }, 'body.path'],
    ['no name', { path: '/x' }, 'body.name'],
    ['a blank name', { name: '  ', path: '/x' }, 'body.name'],
    ['a name with a control character', { name: 'a\u0007', path: '/x' }, 'body.name'],
    ['a name that is a number', { name: 7, path: '/x' }, 'body.name'],
    ['an unknown type', { name: 'x', path: '/x', project_type: 'game' }, 'body.project_type'],
    ['a stack that is no list', { name: 'x', path: '/x', tech_stack: 'python' }, 'body.tech_stack'],
    ['a field that does not exist', { name: 'x', path: '/x', nmae: 'y' }, 'body.nmae'],
  ])('refuses %s and says where', async (_, input, where) => {
    const { status, body } = await app.request('POST', '/api/v1/projects', input);
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'VALIDATION_FAILED' });
    expect(body.details.map(({ path }: { path: string }) => path)).toContain(where);
  });
});

describe('listing projects', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
    for (let number = 1; number <= 5; number++) {
      await app.client.projects.create({
        name: `Project ${number}`,
        path: `/list/${number}`,
        project_type: number % 2 ? 'web' : 'api',
        tech_stack: number > 3 ? ['python', 'react'] : ['python'],
      });
    }
    await app.client.projects.update({ id: 1, is_active: false });
  });
  afterAll(() => app.close());

  const ids = (body: { id: number }[]) => body.map(({ id }) => id);

  test('is a bare array, newest first', async () => {
    const { body, headers } = await app.request('GET', '/api/v1/projects');
    expect(ids(body)).toEqual([5, 4, 3, 2, 1]);
    expect(headers.get('x-total-count')).toBe('5');
  });

  test('with a limit is still a bare array, and links to what follows', async () => {
    const { body, headers } = await app.request(
      'GET',
      '/api/v1/projects?limit=2&tech_stack=python',
    );
    expect(ids(body)).toEqual([5, 4]);
    expect(headers.get('x-total-count')).toBe('5');
    expect(headers.get('link')).toContain('rel="next"');
    expect(headers.get('link')).toContain('tech_stack=python');
  });

  test('with an offset is an envelope', async () => {
    const { body } = await app.request('GET', '/api/v1/projects?limit=2&offset=2');
    expect(ids(body.data)).toEqual([3, 2]);
    expect(body.pagination).toEqual({ total: 5, limit: 2, offset: 2, has_more: true });
  });

  test('past the end is an empty page that knows the total', async () => {
    const { body } = await app.request('GET', '/api/v1/projects?offset=50');
    expect(body).toEqual({
      data: [],
      pagination: { total: 5, limit: 100, offset: 50, has_more: false },
    });
  });

  test('is what envelope says, whether there is an offset or not', async () => {
    const enveloped = await app.request('GET', '/api/v1/projects?envelope=true');
    expect(enveloped.body.pagination.total).toBe(5);
    const bare = await app.request('GET', '/api/v1/projects?offset=4&envelope=false');
    expect(ids(bare.body)).toEqual([1]);
  });

  test.each([
    ['active=true', [5, 4, 3, 2]],
    ['active=false', [1]],
    ['project_type=api', [4, 2]],
    ['tech_stack=python,react', [5, 4]],
    ['tech_stack=python&tech_stack=react', [5, 4]],
    ['active=true&project_type=web&tech_stack=python', [5, 3]],
    ['name=project%202', [2]],
    ['name=%25', []],
    ['path=/list/3', [3]],
    ['tech_stack=cobol', []],
  ])('filters by %s', async (query, expected) => {
    const { body } = await app.request('GET', `/api/v1/projects?${query}`);
    expect(ids(body)).toEqual(expected);
  });

  test.each([
    ['limit=0', 'query.limit'],
    ['limit=1001', 'query.limit'],
    ['limit=1.5', 'query.limit'],
    ['limit=ten', 'query.limit'],
    ['offset=-1', 'query.offset'],
    ['active=maybe', 'query.active'],
    ['project_type=game', 'query.project_type'],
    ['colour=red', 'query.colour'],
  ])('refuses %s and names it', async (query, where) => {
    const { status, body } = await app.request('GET', `/api/v1/projects?${query}`);
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'VALIDATION_FAILED' });
    expect(body.details[0].path).toBe(where);
  });
});

describe('one project', () => {
  test('is read with its deployments', async () => {
    const { id } = await app.client.projects.create({ name: 'Read', path: '/read' });
    expect(await app.client.projects.get({ id })).toMatchObject({ name: 'Read', deployments: [] });
  });

  test('that does not exist is not found, in the words of the reference', async () => {
    const { status, body } = await app.request('GET', '/api/v1/projects/99999');
    expect(status).toBe(404);
    expect(body).toMatchObject({
      error: 'Not found',
      message: 'Project with id 99999 not found',
      code: 'NOT_FOUND',
    });
  });

  test.each(['0', '-1', '1.5', 'abc', '99999999999', '1%00'])('has no id %s', async (id) => {
    const { status } = await app.request('GET', `/api/v1/projects/${id}`);
    expect(status).toBe(400);
  });

  test('is changed only where a field is given', async () => {
    const before = await app.client.projects.create({
      name: 'Before',
      path: '/change',
      project_type: 'web',
    });
    const after = await app.client.projects.update({ id: before.id, name: 'After' });
    expect(after).toEqual({ ...before, name: 'After', updated_at: after.updated_at });
    expect(after.updated_at > before.updated_at).toBe(true);
  });

  test('cannot be moved to where another one is', async () => {
    await app.client.projects.create({ name: 'There', path: '/there' });
    const { id } = await app.client.projects.create({ name: 'Here', path: '/here' });
    await expect(app.client.projects.update({ id, path: '/there' })).rejects.toMatchObject({
      code: 'PROJECT_EXISTS',
    });
  });

  test('is forgotten, and its directory stays', async () => {
    await using folder = await makeProjectFolder({ 'keep.txt': 'kept' });
    const { id } = await app.client.projects.create({ name: 'Gone', path: folder.path });
    expect(await app.client.projects.delete({ id })).toEqual({ message: `Project ${id} deleted` });
    await expect(app.client.projects.get({ id })).rejects.toMatchObject({ status: 404 });
    await expect(app.client.projects.delete({ id })).rejects.toMatchObject({ status: 404 });
    const again = await app.client.projects.create({ name: 'Back', path: folder.path });
    expect(again.scan_status).toBe('not_scanned');
  });

  test('tells each of its changes, in order', async () => {
    const { id } = await app.client.projects.create({ name: 'Told', path: '/told' });
    await app.client.projects.update({ id, is_active: false });
    await app.client.projects.delete({ id });
    const events = await app.eventsOf(id);
    expect(events).toEqual([
      { type: 'project_created', data: { id, name: 'Told', path: '/told' } },
      { type: 'project_updated', data: { id, name: 'Told', changed: ['is_active'] } },
      { type: 'project_deleted', data: { id, name: 'Told' } },
    ]);
  });
});

describe('where projects may lie', () => {
  test('is anywhere below the roots, also through a link, and nowhere else', async () => {
    await using root = await makeProjectFolder({ 'inside/file': '' });
    await using outside = await makeProjectFolder();
    await symlink(outside.path, path.join(root.path, 'way-out'));
    const app = await startTestApp({ settings: { projectRoots: [root.path] } });
    try {
      const create = (directory: string) =>
        app.client.projects.create({ name: 'Rooted', path: directory });
      await create(path.join(root.path, 'inside'));
      await create(path.join(root.path, 'not-yet'));
      for (const path of [outside.path, `${root.path}/way-out`, `${root.path}-beside`, '/etc']) {
        await expect(create(path)).rejects.toMatchObject({ code: 'PROJECT_PATH_NOT_ALLOWED' });
      }
    } finally {
      await app.close();
    }
  });
});
