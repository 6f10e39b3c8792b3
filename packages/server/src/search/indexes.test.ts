import { mkdir, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';

let testApp: TestApp;

beforeAll(async () => {
  testApp = await startTestApp();
});
afterAll(() => testApp.close());

const files = {
  'app.py':
    'class Basket:\n    def put(self, fruit):\n        return fruit\n\n\ndef peel(banana):\n    pass\n',
  'tool.ts': 'export interface Knife {\n  sharp: boolean;\n}\n',
};

async function register(content: Record<string, string> = files) {
  const folder = await makeProjectFolder(content);
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const { id } = await testApp.client.projects.create({ name: 'Fruit', path: folder.path });
  return { id, folder, file: path.join(testApp.home, 'indexes', `${id}.db`) };
}

function until(id: number, status: string) {
  return waitFor(`the index of project ${id} to be ${status}`, async () => {
    const { index } = await testApp.client.projects.get({ id });
    return index.status === status && index;
  });
}

async function search(query: string, project_id: number, fields: object = {}) {
  const body = { query, project_id, ...fields };
  return (await testApp.request('POST', '/api/v1/search/code', body)).body;
}

/** Looks at the project’s files again. */
async function scan(id: number) {
  const { body } = await testApp.request('POST', `/api/v1/projects/${id}/scan`);
  await waitFor(
    'the scan to end',
    async () => {
      const { finished_at } = await testApp.client.scans.get({ id, scan_id: body.scan_id });
      return finished_at !== null;
    },
    40_000,
  );
}

async function toldOf(id: number) {
  const rows = await testApp.app.database.db
    .selectFrom('events')
    .select(['type', 'data'])
    .execute();
  return rows.filter(
    ({ type, data }) =>
      type.startsWith('index_') &&
      Object.entries(data ?? {}).some((field) => field[0] === 'project_id' && field[1] === id),
  );
}

test('a project says how far its index is, and when that is complete it is told', async () => {
  const { id } = await register();
  const { bytes, ...state } = await until(id, 'ready');
  expect(state).toEqual({
    status: 'ready',
    files_done: 2,
    files_total: 2,
    updated_at: expect.any(String),
    reason: null,
  });
  expect(bytes).toBeGreaterThan(1_000);
  const told = await waitFor('the event', async () => {
    const events = (await toldOf(id)).filter(({ type }) => type === 'index_completed');
    return events.length > 0 && events;
  });
  expect(told).toEqual([
    { type: 'index_completed', data: { project_id: id, files_done: 2, files_total: 2, bytes } },
  ]);
});

test('the envelope says how much of the code is in the indexes', async () => {
  const { id } = await register();
  await until(id, 'ready');
  const answer = await search('basket', id, { envelope: true });
  expect(answer.data[0]).toMatchObject({ path: 'app.py', line: 1 });
  expect(answer).toMatchObject({
    truncated: false,
    incomplete: [],
    index: { ready: 1, building: 0, failed: 0, files_done: 2, files_total: 2 },
    semantic: { used: false, reason: null },
  });
});

test('symbols are listed by place, or by name the best first', async () => {
  const { id, folder } = await register();
  await until(id, 'ready');
  const { data, pagination } = await testApp.client.search.symbols({ id });
  expect(
    data.map(({ name, kind, path, line, end_line }) => [name, kind, path, line, end_line]),
  ).toEqual([
    ['Basket', 'class', 'app.py', 1, 3],
    ['put', 'function', 'app.py', 2, 3],
    ['peel', 'function', 'app.py', 6, 7],
    ['Knife', 'interface', 'tool.ts', 1, 3],
  ]);
  expect(data[0]?.file).toBe(`${folder.path}/app.py`);
  expect(pagination.total).toBe(4);
  const page = await testApp.client.search.symbols({ id, limit: 1, offset: 1 });
  expect(page.data[0]?.name).toBe('put');
  const named = await testApp.client.search.symbols({ id, query: 'bask' });
  expect(named.data.map(({ name }) => name)).toEqual(['Basket']);
  const kind = await testApp.client.search.symbols({ id, kind: 'interface' });
  expect(kind.data.map(({ name }) => name)).toEqual(['Knife']);
  expect((await testApp.request('GET', '/api/v1/projects/9999/symbols')).status).toBe(404);
});

test('what has changed is found after the next scan', { timeout: 60_000 }, async () => {
  const { id, folder } = await register();
  await until(id, 'ready');
  await folder.write({ 'app.py': 'def slice_mango(mango):\n    return mango\n' });
  await scan(id);
  const found = await waitFor('the new code', async () => {
    const hits = await search('slice mango', id);
    return hits.length > 0 && hits;
  });
  expect(found[0]).toMatchObject({ path: 'app.py', line: 1 });
  expect(await search('banana', id)).toEqual([]);
});

test('a line is shown as it is now, and one that is gone is not', async () => {
  const { id, folder } = await register();
  await until(id, 'ready');
  await folder.write({ 'app.py': `# moved down\n\n${files['app.py']}` });
  expect((await search('peel', id))[0]).toMatchObject({ line: 8, content: 'def peel(banana):' });
  expect((await search('"def peel"', id))[0]).toMatchObject({ line: 8 });
  await folder.write({ 'app.py': 'nothing = 1\n' });
  expect(await search('peel', id)).toEqual([]);
  expect(await search('"def peel"', id)).toEqual([]);
  await rm(path.join(folder.path, 'tool.ts'));
  expect(await search('knife', id)).toEqual([]);
});

test.each([
  ['cut', (file: string) => truncate(file, 5_000)],
  ['zeroed', async (file: string) => writeFile(file, Buffer.alloc((await stat(file)).size))],
  ['deleted', (file: string) => rm(file)],
])('an index that was %s is made anew by itself', async (_, damage) => {
  const { id, file } = await register();
  await until(id, 'ready');
  await search('peel', id);
  // Both, as what is not in the file yet is beside it.
  await rm(`${file}-wal`, { force: true });
  await damage(file);
  await search('peel', id);
  await scan(id);
  const found = await waitFor('the index to answer again', async () => {
    const hits = await search('peel', id);
    return hits.length > 0 && hits;
  });
  expect(found[0]).toMatchObject({ path: 'app.py', line: 6 });
});

test('an index that cannot be written says why, and is tried again', async () => {
  const { id, file } = await register();
  await until(id, 'ready');
  for (const ending of ['', '-wal', '-shm']) await rm(file + ending, { force: true });
  await mkdir(file);
  await scan(id);
  const { reason } = await until(id, 'failed');
  expect(reason).toContain('cannot be opened');
  await waitFor('the event', async () =>
    (await toldOf(id)).some(({ type }) => type === 'index_failed'),
  );
  // Texts are found all the same, as ripgrep needs no index.
  await rm(file, { recursive: true });
  expect((await search('"banana"', id))[0]).toMatchObject({ path: 'app.py', line: 6 });
  await scan(id);
  await until(id, 'ready');
});

test('an index goes with its project, also while it is searched', async () => {
  const { id, file } = await register();
  await until(id, 'ready');
  const searches = Array.from({ length: 10 }, () =>
    testApp.request('POST', '/api/v1/search/code', { query: 'peel' }),
  );
  await testApp.client.projects.delete({ id });
  for (const { status } of await Promise.all(searches)) expect(status).toBe(200);
  await waitFor('the files to be gone', async () => {
    const names = await readdir(path.dirname(file));
    return !names.some((name) => name.startsWith(`${id}.`));
  });
});

test('a project whose directory is missing says so, and is searched when it is there', async () => {
  const { folder } = await register();
  const missing = path.join(folder.path, 'later');
  const { id } = await testApp.client.projects.create({ name: 'Later', path: missing });
  const { reason } = await until(id, 'failed');
  expect(reason).toContain('does not exist');
  await mkdir(missing);
  await writeFile(path.join(missing, 'a.py'), 'def squeeze(orange): pass\n');
  await scan(id);
  await until(id, 'ready');
  expect((await search('squeeze', id))[0]).toMatchObject({ path: 'a.py' });
});

test('of 200 searches at once each is answered, or told when to come again', async () => {
  const { id } = await register();
  await until(id, 'ready');
  const answers = await Promise.all(
    Array.from({ length: 200 }, () =>
      testApp.request('POST', '/api/v1/search/code', { query: 'peel', project_id: id }),
    ),
  );
  const answered = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status === 503);
  expect(answered.length).toBeGreaterThan(60);
  expect(answered.length + refused.length).toBe(200);
  for (const { headers, body } of refused) {
    expect([headers.get('retry-after'), body.code]).toEqual(['1', 'UNAVAILABLE']);
  }
  for (const { body } of answered) expect(body[0].content).toBe('def peel(banana):');
});

test('projects are searched side by side, and chosen by name', async () => {
  const one = await register({ 'a.py': 'def zest_lemon(): pass\n' });
  const two = await register({ 'b.py': 'def zest_lemon(): pass\n' });
  await testApp.client.projects.update({ id: two.id, name: 'Citrus' });
  for (const { id } of [one, two]) await until(id, 'ready');
  const ask = async (query: string) => {
    const { body } = await testApp.request('POST', '/api/v1/search/code', { query });
    return body.map(({ project_id }: { project_id: number }) => project_id);
  };
  expect(await ask('zest lemon')).toEqual([one.id, two.id]);
  expect(await ask('zest lemon project:citrus')).toEqual([two.id]);
  expect(await ask('"zest_lemon" -project:citrus')).toEqual([one.id]);
});
