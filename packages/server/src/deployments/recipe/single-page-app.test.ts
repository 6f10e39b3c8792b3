import { describe, expect, it } from 'vitest';
import { recipeOf } from './temporary-project.ts';

const pkg = (build: string, installed: string[], start?: string) => ({
  'package.json': {
    scripts: { build, ...(start ? { start } : {}) },
    devDependencies: Object.fromEntries(installed.map((name) => [name, '1'])),
  },
});
const server = 'node .borgos/static-server.mjs';

describe('a single-page app', () => {
  it('is built by Node, then served as files on a port that needs no root', async () => {
    const recipe = await recipeOf({
      ...pkg('vite build', ['vite']),
      'index.html': '',
      'package-lock.json': '{}',
    });
    expect(recipe).toMatchObject({
      stack: 'node',
      install: [['npm', 'ci', '--include=dev']],
      build: [['npm', 'run', 'build']],
      start: ['node', '.borgos/static-server.mjs', 'dist', '--single-page'],
      port: 8080,
    });
    expect(recipe.extraFiles[0]?.path).toBe('.borgos/static-server.mjs');
    expect(recipe.extraFiles[0]?.content).toContain('createServer');
  });

  it.each<[string, Record<string, string | object>, string]>([
    [
      'vite',
      {
        ...pkg('vite build', ['vite'], 'vite preview'),
        'index.html': '',
        'vite.config.ts': "build: { outDir: 'out/web' }",
      },
      'out/web --single-page',
    ],
    [
      'vitepress',
      pkg('vitepress build docs', ['vitepress'], 'vitepress dev'),
      'docs/.vitepress/dist',
    ],
    ['vuepress', pkg('vuepress build', ['vuepress']), '.vuepress/dist'],
    ['ember', pkg('ember build --environment=production', [], 'ember serve'), 'dist --single-page'],
    ['quasar', pkg('quasar build', ['quasar'], 'quasar dev'), 'dist/spa --single-page'],
    ['hexo', pkg('hexo generate', ['hexo'], 'hexo server'), 'public'],
    [
      'vite with its option',
      { ...pkg('tsc && vite build --outDir www', ['vite']), 'index.html': '' },
      'www --single-page',
    ],
    [
      'vite leading out',
      { ...pkg('vite build', ['vite']), 'index.html': '', 'vite.config.js': "outDir: '../x'" },
      'dist --single-page',
    ],
    [
      'Create React App',
      pkg('react-scripts build', ['react-scripts'], 'react-scripts start'),
      'build --single-page',
    ],
    ['Astro', pkg('astro build', ['astro']), 'dist'],
    [
      'Next.js export',
      { ...pkg('next build', ['next'], 'next start'), 'next.config.mjs': "output: 'export'" },
      'out',
    ],
    [
      'Angular',
      {
        ...pkg('ng build', ['@angular/core'], 'ng serve'),
        'angular.json': {
          projects: {
            shop: { architect: { build: { builder: '@angular/build:application', options: {} } } },
          },
        },
      },
      'dist/shop/browser --single-page',
    ],
    [
      'Angular before 17',
      {
        ...pkg('ng build', ['@angular/core']),
        'angular.json': {
          projects: {
            shop: {
              architect: {
                build: {
                  builder: '@angular-devkit/build-angular:browser',
                  options: { outputPath: 'dist/x' },
                },
              },
            },
          },
        },
      },
      'dist/x --single-page',
    ],
    [
      'start as an alias of dev',
      {
        ...pkg('vite build', ['vite'], 'npm run dev'),
        'index.html': '',
        'package.json': { scripts: { build: 'vite build', dev: 'vite', start: 'npm run dev' } },
      },
      'dist --single-page',
    ],
  ])('of %s is served from where it is built', async (_, files, args) => {
    expect((await recipeOf(files)).start?.join(' ')).toBe(`${server} ${args}`);
  });

  it('is told by a Staticfile where its files are and what unknown paths get', async () => {
    const recipe = await recipeOf({
      ...pkg('vite build', ['vite']),
      'index.html': '',
      Staticfile: 'root: web\nindex_fallback: false',
    });
    expect(recipe.start).toEqual(['node', '.borgos/static-server.mjs', 'web']);
  });

  it('with a server of its own is a Node app', async () => {
    const files = { ...pkg('vite build', ['vite'], 'node server.js'), 'index.html': '' };
    expect((await recipeOf(files)).start).toEqual(['node', 'server.js']);
    const next = {
      ...pkg('next build', ['next'], 'next start'),
      'next.config.js': '// output: "export"',
    };
    expect((await recipeOf(next)).start).toEqual(['npm', 'start']);
  });

  it('gives way to a server in Python, and to a language without a recipe', async () => {
    const page = { ...pkg('vite build', ['vite']), 'index.html': '' };
    const python = { 'requirements.txt': 'flask', 'main.py': 'app = Flask(__name__)' };
    expect((await recipeOf({ ...page, ...python })).stack).toBe('python');
    await expect(recipeOf({ ...page, 'composer.json': '{}' })).rejects.toThrow(/in PHP/);
  });
});
