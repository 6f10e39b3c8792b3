import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { detectRecipe } from './detect-recipe.ts';
import { recipeOf, withProject } from './temporary-project.ts';

const app = { scripts: { start: 'node a.js' } };

test('a project of several apps says which there are', async () => {
  const files = {
    'README.md': '',
    'apps/web/package.json': app,
    'services/api/go.mod': 'module a',
    'services/api/main.go': 'package main',
    'admin/requirements.txt': 'flask',
    'admin/app.py': '',
    'packages/shared/package.json': { main: 'index.js' },
    'packages/shared/index.js': '',
    'node_modules/other/package.json': app,
    'docs/index.html': '',
  };
  await expect(recipeOf(files)).rejects.toMatchObject({
    code: 'STACK_NOT_FOUND',
    message: expect.stringMatching(
      /several of its folders do: admin \(python\), apps\/web \(node\), services\/api \(go\)\. Name one of them as "root"/,
    ) as string,
  });
});

test('what could be a library is only named when there is nothing else', async () => {
  const files = { 'a/package.json': { main: 'index.js' }, 'a/index.js': '' };
  await expect(recipeOf(files)).rejects.toThrow(/one of its folders does: a \(node\)/);
});

test('a folder with a broken manifest or behind a link is none', async () => {
  await withProject({ 'a/package.json': '{', 'b/index.html': '' }, async (directory) => {
    await symlink('b', join(directory, 'c'));
    await expect(detectRecipe(directory)).rejects.toThrow(/one of its folders does: b \(static\)/);
  });
});

test('many folders are bounded', async () => {
  const folders = Array.from({ length: 40 }, (_, index) => [`f${index}/index.html`, '']);
  const failure = await recipeOf(Object.fromEntries(folders)).catch((error: Error) => error);
  expect(String(failure).match(/\(static\)/g)).toHaveLength(12);
});
