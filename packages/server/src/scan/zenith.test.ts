import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';

const run = promisify(execFile);
let testApp: TestApp;
let root: string;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'borgos-zenith-'));
  testApp = await startTestApp({ settings: { zenithPath: [root] } });
});
afterAll(async () => {
  await testApp.close();
  await rm(root, { recursive: true, force: true });
});

async function makeProject(name: string, files: Record<string, string>): Promise<void> {
  await mkdir(path.join(root, name), { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    await writeFile(path.join(root, name, file), content);
  }
}

async function commit(name: string): Promise<void> {
  const git = (...args: string[]) => run('git', ['-C', path.join(root, name), ...args]);
  await git('init', '-q');
  await git('add', '.');
  const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
  await git(...who, 'commit', '-q', '-m', name);
}

const sync = () => testApp.request('POST', '/api/v1/projects/scan-zenith');
const projects = async () => (await testApp.client.projects.list()).data;

test('finds the projects of a Zenith folder, keeps them, and knows them again', async () => {
  await makeProject('backend', { 'main.py': 'import fastapi\n', 'requirements.txt': 'fastapi\n' });
  await makeProject('frontend', {
    'package.json': '{"name":"ui","dependencies":{"react":"19.0.0"}}',
  });
  await makeProject('shop', { 'package.json': '{"name":"shop","workspaces":["packages/*"]}' });
  await makeProject('shop/packages/cart', { 'package.json': '{"name":"cart"}' });
  await makeProject('notes', { 'ideas.txt': 'no project\n' });
  await commit('shop');

  const first = await sync();
  expect(first).toMatchObject({
    status: 200,
    body: { message: 'Scanned and synced 3 Zenith projects', count: 3, added: 3, moved: 0 },
  });
  const found = await projects();
  expect(found.map(({ name }) => name).sort()).toEqual([
    'Zenith Coder Backend',
    'Zenith Coder Frontend',
    'shop',
  ]);
  for (const { zenith_id } of found) expect(zenith_id).toMatch(/^[0-9a-f]{10}$/);
  await waitFor('all to be scanned', async () =>
    (await projects()).every(({ scan_status }) => scan_status === 'completed'),
  );

  // Nothing is different, and nothing becomes so.
  expect((await sync()).body).toMatchObject({ count: 3, added: 0, moved: 0, missing: 0 });
  expect((await projects()).map(({ id }) => id)).toEqual(found.map(({ id }) => id));

  const shop = found.find(({ name }) => name === 'shop');
  await rename(path.join(root, 'shop'), path.join(root, 'store'));
  await rename(path.join(root, 'backend'), path.join(root, '.hidden'));
  expect((await sync()).body).toMatchObject({ count: 2, added: 0, moved: 1, missing: 1 });
  const moved = await testApp.client.projects.get({ id: shop?.id ?? 0 });
  expect(moved).toMatchObject({ zenith_id: shop?.zenith_id, path: path.join(root, 'store') });
  const missing = (await projects()).find(({ name }) => name === 'Zenith Coder Backend');
  expect(missing?.missing_since).not.toBeNull();

  await rename(path.join(root, '.hidden'), path.join(root, 'backend'));
  expect((await sync()).body).toMatchObject({ count: 3, added: 0, missing: 0 });
  expect((await projects()).every(({ missing_since }) => missing_since === null)).toBe(true);
}, 60_000);

test('a folder that is not there is an error that names it, and takes nothing for gone', async () => {
  const before = await projects();
  await rename(root, `${root}-away`);
  try {
    const { status, body } = await sync();
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'ZENITH_PATH_MISSING' });
    expect(body.message).toContain(root);
    expect(body.message).toContain('ZENITH_PATH');
  } finally {
    await rename(`${root}-away`, root);
  }
  expect(await projects()).toEqual(before);
});
