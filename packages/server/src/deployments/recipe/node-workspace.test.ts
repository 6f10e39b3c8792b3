import { expect, test } from 'vitest';
import type { Recipe } from '../recipe.ts';
import { detectRecipe } from './detect-recipe.ts';
import { type ProjectTree, withProject } from './temporary-project.ts';

const web = { name: '@shop/web', scripts: { start: 'node server.js', build: 'tsc' } };
const top = { workspaces: ['apps/*'], private: true };

function memberOf(files: ProjectTree): Promise<Recipe> {
  return withProject({ 'apps/web/package.json': web, ...files }, (directory) =>
    detectRecipe(directory, { root: 'apps/web' }),
  );
}

test.each([
  ['package-lock.json', '{}', ['npm', '--workspace', 'apps/web', 'run', 'build']],
  [
    'pnpm-lock.yaml',
    "lockfileVersion: '9.0'",
    ['.borgos/tools/node_modules/.bin/pnpm', '--dir', 'apps/web', 'run', 'build'],
  ],
  [
    'yarn.lock',
    '# yarn lockfile v1',
    ['.borgos/tools/node_modules/.bin/yarn', 'workspace', '@shop/web', 'run', 'build'],
  ],
  ['bun.lock', '{}', ['bun', '--cwd', 'apps/web', 'run', 'build']],
])('a member is installed at the top and built in its folder: %s', async (lock, text, build) => {
  const recipe = await memberOf({ 'package.json': top, [lock]: text });
  expect(recipe).toMatchObject({ build: [build], foundBy: 'apps/web/package.json', manifests: [] });
  expect(recipe.root).toBeUndefined();
  expect(recipe.install.length).toBeGreaterThan(0);
});

test('a member is started where it lies', async () => {
  const files = { 'package.json': top, 'package-lock.json': '{}' };
  expect((await memberOf(files)).start).toEqual([
    'npm',
    'exec',
    '--workspace',
    'apps/web',
    '--',
    'node',
    'server.js',
  ]);
  const script = { scripts: { start: 'next start', build: 'next build' } };
  expect((await memberOf({ ...files, 'apps/web/package.json': script })).start).toEqual([
    'npm',
    '--workspace',
    'apps/web',
    'run',
    'start',
  ]);
});

test('a page of a member is served from where it is built', async () => {
  const page = { scripts: { build: 'vite build' }, devDependencies: { vite: '7' } };
  const recipe = await memberOf({
    'pnpm-workspace.yaml': 'packages: [apps/*]',
    'package.json': { devDependencies: { turbo: '2' } },
    'pnpm-lock.yaml': "lockfileVersion: '9.0'",
    'apps/web/package.json': page,
    'apps/web/index.html': '',
  });
  expect(recipe.build).toEqual([
    ['node_modules/.bin/turbo', 'run', 'build', '--filter=./apps/web'],
  ]);
  expect(recipe.start).toEqual([
    ...['node', '.borgos/static-server.mjs', 'apps/web/dist', '--single-page'],
  ]);
});

test('a folder with a lockfile of its own, or in no workspace, stands on its own', async () => {
  const alone = await memberOf({ 'package.json': top, 'apps/web/package-lock.json': '{}' });
  expect(alone).toMatchObject({ root: 'apps/web', start: ['node', 'server.js'] });
  expect((await memberOf({ 'package.json': {} })).root).toBe('apps/web');
});
