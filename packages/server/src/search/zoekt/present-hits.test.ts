import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeProjectFolder } from '../../testing/project-folder.ts';
import type { CodeHit } from '../code-engine.ts';
import { presentHits } from './present-hits.ts';

const { signal } = new AbortController();

function hitOf(parts: Partial<CodeHit>): CodeHit {
  return {
    ...{ projectId: 1, path: 'a.py', line: 2, content: 'second', score: 0.5, passage: '' },
    ...{ definition: null, before: ['old'], after: ['old'], ranges: [] },
    ...parts,
  };
}

async function present(files: Record<string, string>, hits: Partial<CodeHit>[]) {
  await using folder = await makeProjectFolder(files);
  await symlink('/etc/hostname', join(folder.path, 'link'));
  const projects = [{ id: 1, name: 'p', path: folder.path }];
  return await presentHits(hits.map(hitOf), projects, { contextLines: 1, signal });
}

test('a line that is still there has the surroundings that it has now', async () => {
  expect(await present({ 'a.py': 'first\nsecond\r\nthird\n' }, [{}])).toMatchObject([
    { line: 2, before: ['first'], after: ['third'] },
  ]);
});

test('a line that has moved is found where it is', async () => {
  const definition = { name: 'second', kind: 'function', line: 2, endLine: 2 };
  const text = 'second\n\n\nnew\nnew\nnew\nnew\nsecond\n';
  expect(
    await present({ 'a.py': text }, [{ line: 7, definition: { ...definition } }]),
  ).toMatchObject([{ line: 8, definition: { line: 3, endLine: 3 } }]);
});

test('a line, a file or a link that is not of the project any more is left out', async () => {
  const hits = await present({ 'a.py': 'other\n' }, [{}, { path: 'gone.py' }, { path: 'link' }]);
  expect(hits).toEqual([]);
});

test('of a project that is not on this machine all stays as it was told', async () => {
  const projects = [{ id: 1, name: 'p', path: '/nowhere/at/all' }];
  const hits = [hitOf({})];
  expect(await presentHits(hits, projects, { contextLines: 1, signal })).toEqual(hits);
});
