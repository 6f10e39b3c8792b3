import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';

let borgos: TestApp;
beforeAll(async () => {
  borgos = await startTestApp();
});
afterAll(() => borgos.close());

async function projectWith(files: Record<string, string>) {
  const folder = await makeProjectFolder(files);
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const name = path.basename(folder.path);
  const { id } = await borgos.client.projects.create({ name, path: folder.path });
  return { id, folder: folder.path };
}

const get = (id: number, rest: string) => borgos.request('GET', `/api/v1/projects/${id}/${rest}`);
const read = (id: number, file: string, rest = '') =>
  get(id, `file?path=${encodeURIComponent(file)}${rest}`);

describe('the list of files', () => {
  const files = {
    '.gitignore': 'dist/\n',
    'main.py': 'print(1)\n',
    'src/app.ts': '',
    'src/deep/view.tsx': '',
    'dist/app.js': '',
    Dockerfile: '',
  };

  test('has what git would list, in order, with language and size', async () => {
    const { id } = await projectWith(files);
    const { body, headers } = await get(id, 'files');
    expect(body).toEqual([
      { path: '.gitignore', language: null, size: 6 },
      { path: 'Dockerfile', language: 'Dockerfile', size: 0 },
      { path: 'main.py', language: 'Python', size: 9 },
      { path: 'src/app.ts', language: 'TypeScript', size: 0 },
      { path: 'src/deep/view.tsx', language: 'TypeScript', size: 0 },
    ]);
    expect(headers.get('x-total-count')).toBe('5');
  });

  test.each([
    ['language=python', ['main.py']],
    ['folder=src', ['src/app.ts', 'src/deep/view.tsx']],
    ['folder=src/deep/', ['src/deep/view.tsx']],
    ['pattern=*.ts', ['src/app.ts']],
    ['pattern=src/**/*.tsx', ['src/deep/view.tsx']],
    ['pattern=[', []],
    ['folder=../..', []],
    ['limit=1&offset=2&envelope=false', ['main.py']],
  ])('is cut by %s', async (query, expected) => {
    const { id } = await projectWith(files);
    const { body } = await get(id, `files?${query}`);
    expect(body.map((file: { path: string }) => file.path)).toEqual(expected);
  });
});

describe('a file', () => {
  const lines = Array.from({ length: 3000 }, (_, line) => `line ${line + 1}\n`).join('');

  test('is read by lines, as many as an answer may have', async () => {
    const { id } = await projectWith({ 'long.txt': lines });
    expect((await read(id, 'long.txt', '&start_line=2&end_line=3')).body).toEqual({
      project_id: id,
      path: 'long.txt',
      language: 'Text',
      size: lines.length,
      start_line: 2,
      end_line: 3,
      total_lines: 3000,
      truncated: false,
      content: 'line 2\nline 3\n',
    });
    expect((await read(id, 'long.txt')).body).toMatchObject({ end_line: 2000, truncated: true });
    expect((await read(id, 'long.txt', '&start_line=5000')).body).toMatchObject({
      end_line: 4999,
      content: '',
    });
  });

  test('that is binary is refused in words', async () => {
    const { id } = await projectWith({ 'picture.png': 'a\0b' });
    const { status, body } = await read(id, 'picture.png');
    expect([status, body.message]).toEqual([422, 'picture.png is not a text file']);
  });

  test.each(['.env', '.env.production', 'config/id_rsa', 'server.key', '.git/config'])(
    'that may hold secrets is not shown: %s',
    async (name) => {
      const { id } = await projectWith({ [name]: 'TOKEN=canary' });
      const { status, body } = await read(id, name);
      expect(status).toBe(403);
      expect(JSON.stringify(body)).not.toContain('canary');
    },
  );

  test('that only shows how secrets are written down is shown', async () => {
    const { id } = await projectWith({ '.env.example': 'TOKEN=\n' });
    expect((await read(id, '.env.example')).body.content).toBe('TOKEN=\n');
  });

  test.each([
    '/etc/passwd',
    '../secret.txt',
    'src/../../secret.txt',
    'link.txt',
    'outside/secret.txt',
    '.',
    'src',
  ])('that does not lie in the project is not there: %s', async (name) => {
    const outside = await makeProjectFolder({ 'secret.txt': 'canary' });
    onTestFinished(() => outside[Symbol.asyncDispose]());
    const { id, folder } = await projectWith({ 'src/app.ts': '' });
    await symlink(path.join(outside.path, 'secret.txt'), path.join(folder, 'link.txt'));
    await symlink(outside.path, path.join(folder, 'outside'));
    const { status, body } = await read(id, name);
    expect(status).toBe(404);
    expect(JSON.stringify(body)).not.toContain('canary');
  });
});
