import { describe, expect, it } from 'vitest';
import { recipeOf } from './temporary-project.ts';

const module = 'module example.com/shop/v2\n\ngo 1.23.1\n';
const main = 'package main\n';

describe('an app in Go', () => {
  it('is built without C, and runs in an image of its own', async () => {
    expect(await recipeOf({ 'go.mod': module, 'go.sum': '', 'server.go': main })).toMatchObject({
      stack: 'go',
      foundBy: 'go.mod',
      version: '1.23',
      manifests: ['go.mod', 'go.sum'],
      install: [
        ['go', 'env', '-w', 'CGO_ENABLED=0', 'GOFLAGS=-modcacherw'],
        ['go', 'mod', 'download'],
      ],
      build: [
        [
          ...['go', 'build', '-buildvcs=false', '-trimpath', '-ldflags=-s -w'],
          ...['-o', '.borgos/bin/shop', '.'],
        ],
      ],
      start: ['.borgos/bin/shop'],
      port: 8080,
      container: { run: { image: 'distroless', copy: ['.borgos/bin/'] } },
    });
  });

  it.each([
    [{ 'cmd/tool/main.go': main, 'cmd/server/main.go': main }, './cmd/server'],
    [{ 'cmd/zeta/main.go': main, 'cmd/shop/main.go': main }, './cmd/shop'],
    [{ 'cmd/first/x.go': main, 'cmd/second/x.go': main }, './cmd/first'],
    [{ 'lib.go': 'package shop', 'web/main.go': main }, './web'],
    [{ 'gen.go': `//go:build ignore\n\n${main}`, 'api/main.go': main }, './api'],
    [{ 'a_test.go': main, 'examples/x/main.go': main, 'app/main.go': main }, './app'],
  ])('has its program in one of the usual places: %j', async (files, folder) => {
    const recipe = await recipeOf({ 'go.mod': module, ...files });
    expect(recipe.build[0]?.at(-1)).toBe(folder);
  });

  it('may be a member of a workspace, or one file without a module', async () => {
    const workspace = 'go 1.24\nuse (\n\t./lib // shared\n\t./api\n)\n';
    const files = { 'go.work': workspace, 'lib/lib.go': 'package lib', 'api/main.go': main };
    expect(await recipeOf(files)).toMatchObject({ version: '1.24', start: ['.borgos/bin/api'] });
    expect((await recipeOf({ 'main.go': main })).build[0]?.at(-1)).toBe('main.go');
  });

  it('reads the sources to install when a module is replaced by a folder, and not at all what is vendored', async () => {
    const replaced = `${module}replace a => ./a\n`;
    expect((await recipeOf({ 'go.mod': replaced, 'x.go': main })).manifests).toEqual([]);
    const vendored = { 'go.mod': module, 'x.go': main, 'vendor/modules.txt': '' };
    expect((await recipeOf(vendored)).install.flat()).not.toContain('download');
  });

  it('with a package in C is compiled with C, and runs where it was linked', async () => {
    const needs = `${module}require github.com/mattn/go-sqlite3 v1.14.0\n`;
    const recipe = await recipeOf({ 'go.mod': needs, 'x.go': main });
    expect(recipe.install[0]).not.toContain('CGO_ENABLED=0');
    expect(recipe.container?.run).toBeUndefined();
  });

  it.each([
    ['./shop --port $PORT', ['.borgos/bin/shop', '--port', '{PORT}'], true],
    ['bin/server', ['.borgos/bin/shop'], true],
    ['shop', ['.borgos/bin/shop'], true],
    ['./run.sh', ['./run.sh'], false],
  ])('is started as a Procfile says: %s', async (line, start, alone) => {
    const files = { 'go.mod': module, 'x.go': main, 'run.sh': '', Procfile: `web: ${line}` };
    const recipe = await recipeOf(files);
    expect(recipe.start).toEqual(start);
    expect(recipe.container?.run !== undefined).toBe(alone);
  });

  it('comes before the package.json that builds its pages', async () => {
    const files = {
      'go.mod': module,
      'x.go': main,
      'package.json': { scripts: { start: 'vite' } },
    };
    expect((await recipeOf(files)).stack).toBe('go');
  });

  it('without a program says where one was looked for', async () => {
    await expect(recipeOf({ 'go.mod': module, 'lib.go': 'package shop' })).rejects.toThrow(
      /go.mod tells that the project is in Go, but it has no "package main"/,
    );
  });

  it('has the version that is pinned before the one of go.mod', async () => {
    const files = { 'go.mod': module, 'x.go': main, '.tool-versions': 'golang 1.25.1' };
    expect((await recipeOf(files)).version).toBe('1.25');
  });
});
