import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReleaseFailure } from '../../errors.ts';
import { detectRecipe } from './detect-recipe.ts';
import { recipeOf, withProject } from './temporary-project.ts';

describe('detecting how a directory is run', () => {
  it('says what was looked for and what to add when nothing is found', async () => {
    await expect(recipeOf({ 'notes.txt': '' })).rejects.toMatchObject({
      name: 'ReleaseFailure',
      code: 'STACK_NOT_FOUND',
      message: expect.stringMatching(/no Dockerfile, package.json, .* Add a Dockerfile/) as string,
    });
  });

  it('says that the directory is not there', async () => {
    await withProject({ 'a.txt': '' }, async (directory) => {
      for (const path of ['gone', 'a.txt']) {
        const detected = detectRecipe(join(directory, path));
        await expect(detected).rejects.toMatchObject({ code: 'SOURCE_MISSING' });
      }
    });
  });

  it('stops when it is aborted', async () => {
    await withProject({ 'index.html': '' }, async (directory) => {
      const signal = AbortSignal.abort(new Error('superseded'));
      await expect(detectRecipe(directory, { signal })).rejects.toThrow('superseded');
    });
  });

  it('does not follow a symlink out of the project, but one inside of it', async () => {
    await withProject({ 'package.json': { scripts: { start: 'node a.js' } } }, async (outside) => {
      await withProject({ 'real/index.html': '' }, async (directory) => {
        await symlink(join(outside, 'package.json'), join(directory, 'package.json'));
        await symlink('real', join(directory, 'public'));
        expect(await detectRecipe(directory)).toMatchObject({ foundBy: 'public/index.html' });
      });
    });
  });

  it('works through a symlink to the project itself', async () => {
    await withProject({ 'real/index.html': '' }, async (directory) => {
      await symlink('real', join(directory, 'link'));
      expect((await detectRecipe(join(directory, 'link'))).stack).toBe('static');
    });
  });

  it('does not wait for ever for a fifo with the name of a manifest', async () => {
    await withProject({ 'index.html': '' }, async (directory) => {
      execFileSync('mkfifo', [join(directory, 'package.json'), join(directory, 'Dockerfile')]);
      expect((await detectRecipe(directory)).stack).toBe('static');
    });
  });

  it('refuses a manifest of over 1 MiB', async () => {
    const large = JSON.stringify({ scripts: { start: 'x'.repeat(1024 * 1024) } });
    await expect(recipeOf({ 'package.json': large })).rejects.toThrow(/larger than 1 MiB/);
  });

  it('reads a manifest with a byte order mark', async () => {
    const text = `\uFEFF${JSON.stringify({ scripts: { start: 'node a.js' } })}`;
    expect((await recipeOf({ 'package.json': text })).stack).toBe('node');
  });

  it.each([
    ['pom.xml', '<!--'],
    ['pom.xml', '<module> '],
    ['build.gradle', '/*'],
    ['build.gradle', 'include '],
    ['deno.json', '\\"'],
    ['deno.json', '/*'],
    ['Gemfile', '\n'],
    ['Gemfile', 'gem '],
    ['go.work', 'use (\n'],
    ['a.csproj', '<AssemblyName> x'],
    ['Cargo.toml', '[['],
  ])('reads a %s of a mebibyte of %j in a moment', async (file, piece) => {
    const text = piece.repeat(Math.floor((1024 * 1024 - 1) / piece.length));
    const start = performance.now();
    await recipeOf({ [file]: text, 'app.rb': '' }).catch((error: unknown) => {
      expect(error).toBeInstanceOf(ReleaseFailure);
    });
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it('gives a recipe or a failure with a reason for any tree of files', async () => {
    const names = fc.constantFrom(
      ...['package.json', 'package-lock.json', 'yarn.lock', '.yarnrc.yml', 'pnpm-lock.yaml'],
      ...['requirements.txt', 'pyproject.toml', 'Pipfile', 'Pipfile.lock', 'pdm.lock', 'main.py'],
      ...['manage.py', 'a/wsgi.py', 'src/main.py', 'app/__init__.py', 'Procfile', 'Dockerfile'],
      ...['Staticfile', 'index.html', 'public/index.html', 'angular.json', 'vite.config.ts'],
      ...['.nvmrc', '.tool-versions', 'mise.toml', 'composer.json', 'pnpm-workspace.yaml'],
      ...['borgos.json', 'go.mod', 'go.work', 'main.go', 'cmd/a/main.go', 'Cargo.toml', 'pom.xml'],
      ...['src/main.rs', 'src/bin/a.rs', 'build.gradle', 'settings.gradle', 'gradlew', 'index.php'],
      ...['composer.lock', 'Gemfile', 'Gemfile.lock', 'config.ru', 'app.rb', 'a.csproj', 'a.sln'],
      ...['deno.json', 'main.ts', 'web/package.json', 'web/index.html', 'global.json'],
    );
    const name = fc.constantFrom(
      '__proto__',
      'constructor',
      'start',
      'build',
      'main',
      'vite',
      'next',
      'default',
      'project',
      'tool',
      'poetry',
      'packages',
      'scripts',
      'dependencies',
      'projects',
      'engines',
      'node',
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom('node a.js', 'vite', '../x', '', '\0', '>=18', 5, null, true),
        fc.array(tie('any'), { maxLength: 2 }),
        fc.dictionary(name, tie('any'), { maxKeys: 4 }),
      ),
    })).any;
    const content = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom(
        'FROM a\nEXPOSE $A',
        'web: a && b',
        'app = Flask(',
        'root: ..',
        '[project]',
        '[tool]\npoetry = 1',
        'x = 1',
        'streamlit',
        'package main',
        'module a/b',
        'use ./web',
        '[package]\nname = "a"',
        '[workspace]\nmembers = ["*", "../x"]',
        "gem 'rails'",
        '<Project Sdk="Microsoft.NET.Sdk.Web">',
        "plugins { id 'application' }\nmainClass = 'a.B'",
        '{"stack": "go", "start": "a b"}',
        '{"root": "web", "port": 5}',
        '{"start": ["x", "$PORT"], "build": [["a"], []]}',
      ),
      value.map((any) => JSON.stringify(any) ?? ''),
    );
    const kind = fc.constantFrom('file', 'file', 'file', 'directory', 'link', 'loop');
    const tree = fc.array(fc.tuple(names, kind, content), { maxLength: 8 });
    const check = async (files: [string, string, string][]) => {
      const parent = await mkdtemp(join(tmpdir(), 'borgos-tree-'));
      const directory = join(parent, 'project');
      try {
        await mkdir(directory);
        await writeFile(`${directory}-outside`, '{"scripts": {"start": "node outside.js"}}');
        for (const file of files) await make(directory, file);
        const recipe = await detectRecipe(directory);
        if (recipe.stack !== 'dockerfile') expect(recipe.start?.length).toBeGreaterThan(0);
        const words = [...recipe.install, ...recipe.build, recipe.start ?? []].flat();
        expect(words.every((word) => !word.includes('\0'))).toBe(true);
        expect(words).not.toContain('outside.js');
        expect(recipe.port).toBeGreaterThan(0);
      } catch (error) {
        if (!(error instanceof ReleaseFailure)) throw error;
        expect(error.message.length).toBeGreaterThan(20);
      } finally {
        await rm(parent, { recursive: true, force: true });
      }
    };
    await fc.assert(fc.asyncProperty(tree, check), { numRuns: 400 });
  }, 60_000);
});

/**
 * One entry of a tree; what can't be made beside the others is left out. Links lead to a file of the
 * test's own, and files are made exclusively: writing must never go through a link.
 */
async function make(directory: string, [path, kind, content]: [string, string, string]) {
  const file = join(directory, path);
  try {
    await mkdir(dirname(file), { recursive: true });
    if (kind === 'directory') await mkdir(file);
    else if (kind === 'link') await symlink(`${directory}-outside`, file);
    else if (kind === 'loop') await symlink(basename(path), file);
    else await writeFile(file, content, { flag: 'wx' });
  } catch (error) {
    const codes = ['EEXIST', 'ENOTDIR', 'ELOOP'];
    if (!(error instanceof Error && 'code' in error && codes.includes(String(error.code)))) {
      throw error;
    }
  }
}
