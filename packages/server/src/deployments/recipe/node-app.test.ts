import { describe, expect, it } from 'vitest';
import { majorOfRange } from './node-version.ts';
import { recipeOf } from './temporary-project.ts';

const pkg = (content: object) => ({ 'package.json': content });

describe('a Node app', () => {
  it('of one file and a start script needs no install', async () => {
    expect(await recipeOf(pkg({ scripts: { start: 'node server.js' } }))).toEqual({
      stack: 'node',
      foundBy: 'package.json',
      dockerfile: null,
      version: null,
      manifests: [],
      install: [],
      build: [],
      start: ['node', 'server.js'],
      environment: { NODE_ENV: 'production' },
      port: 3000,
      extraFiles: [],
      notes: [],
    });
  });

  it('is installed with its development dependencies and built', async () => {
    const recipe = await recipeOf({
      ...pkg({
        scripts: { start: 'NODE_OPTIONS=--max-old-space-size=99 node dist/a.js', build: 'tsc' },
        dependencies: { fastify: '5' },
      }),
      'package-lock.json': '{}',
    });
    expect(recipe).toMatchObject({
      manifests: ['package.json', 'package-lock.json'],
      install: [['npm', 'ci', '--include=dev']],
      build: [['npm', 'run', 'build']],
      start: ['node', 'dist/a.js'],
      environment: { NODE_ENV: 'production', NODE_OPTIONS: '--max-old-space-size=99' },
    });
  });

  it('is started by npm when the script is more than a plain program of Node', async () => {
    for (const start of ['next start', 'node a.js && node b.js', 'cross-env A=b node a.js']) {
      expect((await recipeOf(pkg({ scripts: { start } }))).start).toEqual(['npm', 'start']);
    }
    const hooked = pkg({ scripts: { start: 'node a.js', prestart: 'node prepare.js' } });
    expect((await recipeOf(hooked)).start).toEqual(['npm', 'start']);
  });

  it('without a start script is started by "main", or by a file with the name of one', async () => {
    const files = { 'src/web.js': '', 'app.js': '' };
    expect((await recipeOf({ ...pkg({ main: './src/web.js' }), ...files })).start?.[1]).toBe(
      'src/web.js',
    );
    expect((await recipeOf({ ...pkg({ main: 'gone.js' }), ...files })).start?.[1]).toBe('app.js');
    expect((await recipeOf({ ...pkg({ main: 5 }), 'server.ts': '' })).start?.[1]).toBe('server.ts');
  });

  it.each([
    ['pnpm-lock.yaml', "lockfileVersion: '6.0'", 'pnpm@8', '--frozen-lockfile'],
    ['pnpm-lock.yaml', "lockfileVersion: '9.0'", 'pnpm@10', '--frozen-lockfile'],
    ['yarn.lock', '# yarn lockfile v1', 'yarn@1', '--frozen-lockfile'],
    ['yarn.lock', '__metadata:', '@yarnpkg/cli-dist@4', '--immutable'],
    ['bun.lock', '{}', 'bun@1', '--frozen-lockfile'],
  ])('is installed by the manager of its %s (%s)', async (file, content, manager, flag) => {
    const app = pkg({ scripts: { start: 'node a.js' }, dependencies: { a: '1' } });
    const recipe = await recipeOf({ ...app, [file]: content });
    expect(recipe.install[0]).toEqual(['npm', 'install', '--prefix', '.borgos/tools', manager]);
    expect(recipe.install.at(-1)).toEqual(expect.arrayContaining(['install', flag]));
  });

  it('is installed by "packageManager" whatever lockfiles are there', async () => {
    const recipe = await recipeOf({
      ...pkg({
        packageManager: 'pnpm@9.1.0+sha512.abc',
        scripts: { start: 'node a.js' },
        dependencies: { a: '1' },
      }),
      'package-lock.json': '{}',
    });
    expect(recipe.install[0]?.at(-1)).toBe('pnpm@9.1.0');
    expect(recipe.install[1]).not.toContain('--frozen-lockfile');
  });

  it('uses the yarn that the project brings along', async () => {
    const recipe = await recipeOf({
      ...pkg({ scripts: { start: 'node a.js' }, dependencies: { a: '1' } }),
      'yarn.lock': '__metadata:',
      '.yarnrc.yml': 'yarnPath: .yarn/releases/yarn-4.0.0.cjs\n',
      '.yarn/releases/yarn-4.0.0.cjs': '',
    });
    expect(recipe.install).toEqual([
      ['node', '.yarn/releases/yarn-4.0.0.cjs', 'config', 'set', 'nodeLinker', 'node-modules'],
      ['node', '.yarn/releases/yarn-4.0.0.cjs', 'install', '--immutable'],
    ]);
    expect(recipe.manifests).toEqual([]);
  });

  it.each([
    { workspaces: ['packages/*'] },
    { scripts: { start: 'node a.js', postinstall: 'node patch.js' }, dependencies: { a: '1' } },
    { dependencies: { a: 'file:./a' } },
    { dependencies: { '@prisma/client': '6' } },
  ])('names no manifests when installing reads the sources too: %j', async (content) => {
    const recipe = await recipeOf(pkg({ scripts: { start: 'node a.js' }, ...content }));
    expect(recipe.install).toEqual([['npm', 'install', '--include=dev']]);
    expect(recipe.manifests).toEqual([]);
  });

  it('that is for Bun is run by Bun', async () => {
    const recipe = await recipeOf({ ...pkg({ scripts: { start: 'bun app.ts' } }), 'app.ts': '' });
    expect(recipe.install).toEqual([['npm', 'install', '--prefix', '.borgos/tools', 'bun@1']]);
    expect(recipe.start).toEqual(['bun', 'app.ts']);
    expect(recipe).toMatchObject({ stack: 'bun', container: { install: [] } });
  });

  it('that Bun only installs is run by Node, also by its script', async () => {
    const next = { scripts: { start: 'next start' }, dependencies: { next: '1' } };
    const recipe = await recipeOf({ ...pkg(next), 'bun.lock': '{}' });
    expect(recipe).toMatchObject({ stack: 'node', start: ['bun', 'run', 'start'] });
    expect(recipe.container).toBeUndefined();
  });

  it('has the version of Bun that it pins', async () => {
    const files = { ...pkg({ main: 'a.ts' }), 'a.ts': '', 'bun.lock': '', '.bun-version': '1.2.3' };
    expect(await recipeOf(files)).toMatchObject({ stack: 'bun', version: '1.2.3' });
  });

  it.each([
    ['nuxt', 'nuxt build', 'node .output/server/index.mjs'],
    ['next', 'next build', 'node_modules/.bin/next start --hostname {HOST} --port {PORT}'],
    ['@astrojs/node', 'astro build', 'node dist/server/entry.mjs'],
    ['@sveltejs/adapter-node', 'vite build', 'node build'],
    ['@sveltejs/kit', 'vite build', 'node_modules/.bin/vite preview --host {HOST} --port {PORT}'],
  ])('with the framework %s is started as that is', async (name, build, start) => {
    const recipe = await recipeOf(pkg({ scripts: { build }, devDependencies: { [name]: '1' } }));
    expect(recipe.start?.join(' ')).toBe(start);
  });

  it.each([
    [{ '.nvmrc': 'v20.11.1\n' }, '>=18', '20'],
    [{ '.nvmrc': 'lts/jod' }, undefined, '22'],
    [{ '.nvmrc': 'lts/*' }, '^22.1.0', '22'],
    [{ '.node-version': '24.1.0' }, undefined, '24'],
    [{ '.tool-versions': 'python 3.1\nnodejs 18.2.0' }, undefined, '18'],
    [{ 'mise.toml': '[tools]\nnode = "23"' }, undefined, '23'],
    [{}, '20.x', '20'],
    [{}, '>=18', null],
  ])('asks for a version of Node: %j, engines %s', async (files, node, version) => {
    const app = pkg({ scripts: { start: 'node a.js' }, ...(node ? { engines: { node } } : {}) });
    expect((await recipeOf({ ...app, ...files })).version).toBe(version);
  });

  it.each([
    ['^20 || ^22', '22'],
    ['>=18 <21', '20'],
    ['>=18 <=20', '20'],
    ['18 - 20', '20'],
    ['~16.4', '16'],
    ['=14.1.2', '14'],
    ['>= 20 || >= 18', null],
    ['*', null],
    ['latest', null],
    ['', null],
  ])('reads the range %j as %s', (range, major) => {
    expect(majorOfRange(range)).toBe(major);
  });

  it.each([
    ['{\n  "scripts": {\n    "start": "node a.js",\n  }\n}', 'line 4 is not valid JSON'],
    ['{\n"a": 1', 'line 2 is not valid JSON'],
    ['[]', 'must be an object'],
    ['{"scripts": {"start": 5}}', 'scripts.start: must be a string'],
  ])('with a broken package.json is refused: %j', async (text, fault) => {
    await expect(recipeOf({ 'package.json': text })).rejects.toMatchObject({
      name: 'ReleaseFailure',
      code: 'STACK_NOT_FOUND',
      message: expect.stringContaining(`package.json can't be used: `) as string,
    });
    await expect(recipeOf({ 'package.json': text })).rejects.toThrow(fault);
  });

  it('with nothing to start says what to add, also for a workspace', async () => {
    await expect(recipeOf(pkg({ scripts: { test: 'x' } }))).rejects.toThrow(/no script "start"/);
    await expect(recipeOf(pkg({ workspaces: ['a'] }))).rejects.toThrow(/workspace of several/);
  });
});
