import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';

let testApp: TestApp;

beforeAll(async () => {
  testApp = await startTestApp();
});
afterAll(() => testApp.close());

async function register(name: string, files: Record<string, string> = {}, fields = {}) {
  const folder = await makeProjectFolder(files);
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const project = await testApp.client.projects.create({ name, path: folder.path, ...fields });
  onTestFinished(async () => {
    await testApp.client.projects.delete({ id: project.id }).catch(() => {});
  });
  return project;
}

async function scan(id: number) {
  const { body } = await testApp.request('POST', `/api/v1/projects/${id}/scan`);
  const ended = await waitFor('the scan to end', async () => {
    const scan = await testApp.client.scans.get({ id, scan_id: body.scan_id });
    return scan.finished_at !== null && scan;
  });
  expect(ended.status).toBe('completed');
}

async function search(query: string, fields: object = {}) {
  return testApp.client.projectSearch.search({ query, ...fields });
}

describe('POST /search/projects', () => {
  test('answers as the reference says, with the input in the query string', async () => {
    const { id, path } = await register(
      'MyWebApp',
      {},
      { tech_stack: ['python', 'django', 'react'] },
    );
    const { status, body } = await testApp.request(
      'POST',
      '/api/v1/search/projects?query=python+web+app',
    );
    expect(status).toBe(200);
    expect(body).toEqual([
      {
        ...{ id, name: 'MyWebApp', path, tech_stack: ['python', 'django', 'react'] },
        ...{ relevance_score: expect.any(Number), project_type: null, is_active: true },
        ...{ description: null, explanation: null },
      },
    ]);
    expect(body[0].relevance_score).toBeGreaterThan(0.9);
  });

  test('takes the same input as a JSON body, or in parts', async () => {
    await register('billing');
    await register('billing-old');
    const asked = async (path: string, body?: unknown) => {
      const answer = await testApp.request('POST', `/api/v1/search/projects${path}`, body);
      expect(answer.status).toBe(200);
      return answer.body.map(({ name }: { name: string }) => name);
    };
    expect(await asked('', { query: 'billing' })).toEqual(['billing', 'billing-old']);
    expect(await asked('', { query: 'billing', limit: 1 })).toEqual(['billing']);
    expect(await asked('?limit=1', { query: 'billing' })).toEqual(['billing']);
    expect(await asked('?query=billing&limit=1', {})).toEqual(['billing']);
  });

  test.each([
    ['', undefined, 'query.query', 'is required'],
    ['', {}, 'query.query', 'is required'],
    ['?query=', undefined, 'query.query', 'must not be empty'],
    ['?query=a&limit=0', undefined, 'query.limit', 'must be at least 1'],
    ['?query=a&limit=101', undefined, 'query.limit', 'must be at most 100'],
    ['?query=a&limit=two', undefined, 'query.limit', 'must be an integer'],
    ['', { query: 'a', limit: '5' }, 'body.limit', 'must be an integer'],
    ['', { query: 7 }, 'body.query', 'must be a text'],
    ['?query=a', { query: 'a' }, 'body.query', 'is given in the query string, too'],
    ['?query=a', ['a'], 'body', 'must be an object'],
    ['', { query: 'a', sort: 'name' }, 'body.sort', 'is not known here; allowed: query, limit'],
    ['?query=a&sort=x', undefined, 'query.sort', 'is not known here; allowed: query, limit'],
    [`?query=${'a'.repeat(501)}`, undefined, 'query.query', 'must have at most 500 characters'],
  ])('refuses %s %j, and names what is wrong', async (path, body, place, message) => {
    const answer = await testApp.request('POST', `/api/v1/search/projects${path}`, body);
    expect(answer.status).toBe(400);
    expect(answer.body.details).toEqual([
      { path: place, message: expect.stringContaining(message) },
    ]);
  });

  test('finds a FastAPI project whose README says neither python nor web', async () => {
    const { id } = await register('orders', {
      'README.md':
        '# Orders\n\n![build](https://x/y.svg)\n\nTakes *orders* and keeps them.\n\nRun it.\n',
      'requirements.txt': 'fastapi==0.110.0\nstripe==8.0.0\n',
      'main.py': 'import fastapi\n\napp = fastapi.FastAPI()\n',
    });
    expect(await search('python web app')).toEqual([]);
    await scan(id);
    expect(await search('python web app', { explain: true })).toMatchObject([
      {
        id,
        description: 'Takes orders and keeps them.',
        explanation: expect.arrayContaining([
          expect.objectContaining({ word: 'web', field: 'implied', because: 'fastapi' }),
        ]),
      },
    ]);
    expect(await search('stripe', { explain: true })).toMatchObject([
      { id, explanation: [{ field: 'dependencies', term: 'stripe', how: 'exact' }] },
    ]);
    expect(await search('striep')).toMatchObject([{ id }]);
    expect(await search('keeps orders')).toMatchObject([{ id }]);
  });

  test('prefers what the manifest says of a project, and keeps secrets to itself', async () => {
    const { id } = await register('parcels', {
      'package.json': JSON.stringify({ name: 'x', description: 'Follows   parcels\nhome' }),
      'README.md': '# Parcels\n\nSet password=hunter22secret and zebra ahead.\n',
    });
    await scan(id);
    expect(await search('zebra')).toMatchObject([{ id, description: 'Follows parcels home' }]);
    expect(await search('hunter22secret')).toEqual([]);
  });

  test('knows of every change by the time it is made', async () => {
    const { id } = await register('walrus');
    expect(await search('walrus')).toMatchObject([{ id }]);
    await testApp.client.projects.update({ id, name: 'otter', tech_stack: ['cobol'] });
    expect(await search('walrus')).toEqual([]);
    expect(await search('cobol')).toMatchObject([{ id, name: 'otter' }]);
    await testApp.client.projects.delete({ id });
    expect(await search('otter')).toEqual([]);
  });

  test('leaves out what is not active, unless it is asked for', async () => {
    const { id } = await register('heron');
    await testApp.client.projects.update({ id, is_active: false });
    expect(await search('heron')).toEqual([]);
    expect(await search('heron', { include_inactive: true })).toMatchObject([
      { id, is_active: false },
    ]);
  });

  test('keeps no answer for a key, as it changes nothing', async () => {
    const { id } = await register('ibis');
    const ask = async () => {
      const response = await fetch(`${testApp.url}/api/v1/search/projects?query=ibis`, {
        method: 'POST',
        headers: { 'idempotency-key': 'the same' },
      });
      return {
        replayed: response.headers.get('idempotency-replayed'),
        body: await response.json(),
      };
    };
    expect(await ask()).toMatchObject({ replayed: null, body: [{ id }] });
    await testApp.client.projects.delete({ id });
    expect(await ask()).toEqual({ replayed: null, body: [] });
  });

  test('is documented with both places for its input', async () => {
    const response = await fetch(`${testApp.url}/api/v1/openapi.json`);
    const document = JSON.parse(await response.text());
    const { parameters, requestBody } = document.paths['/api/v1/search/projects'].post;
    expect(parameters).toContainEqual(expect.objectContaining({ name: 'query', required: false }));
    expect(requestBody.required).toBe(false);
    expect(requestBody.content['application/json'].schema).toMatchObject({
      properties: { query: { type: 'string' }, limit: { type: 'integer' } },
    });
    expect(requestBody.content['application/json'].schema.required).toBeUndefined();
  });
});
