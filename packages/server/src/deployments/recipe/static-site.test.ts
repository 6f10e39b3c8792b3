import { describe, expect, it } from 'vitest';
import { insideProject } from './static-site.ts';
import { recipeOf } from './temporary-project.ts';

const rootOf = async (files: Record<string, string>) => (await recipeOf(files)).start?.slice(2);

describe('a static site', () => {
  it('is an index.html, served without any install or build', async () => {
    expect(await recipeOf({ 'index.html': '<p>' })).toMatchObject({
      stack: 'static',
      foundBy: 'index.html',
      install: [],
      build: [],
      start: ['node', '.borgos/static-server.mjs', '.'],
      port: 8080,
    });
  });

  it('is found in public/ first, and in what a build left', async () => {
    expect(await rootOf({ 'index.html': '', 'public/index.html': '' })).toEqual(['public']);
    expect(await rootOf({ 'dist/index.html': '' })).toEqual(['dist']);
  });

  it('is where a Staticfile says', async () => {
    expect(
      await rootOf({ Staticfile: 'root: "site"\nindex_fallback: true', 'site/index.html': '' }),
    ).toEqual(['site', '--single-page']);
    expect(await rootOf({ Staticfile: '', 'index.html': '' })).toEqual(['.']);
    expect(await rootOf({ Staticfile: 'root: ../..', 'index.html': '' })).toEqual(['.']);
  });

  it('is not what lies beside an index.php', async () => {
    expect((await recipeOf({ 'index.html': '', 'index.php': '' })).stack).toBe('php');
  });

  it.each([
    ['dist', 'dist'],
    ['./dist//web/', 'dist/web'],
    ['.', '.'],
    ['', undefined],
    ['../x', undefined],
    ['a/../../x', undefined],
    ['/etc', undefined],
    ['--flag', undefined],
    ['a\0b', undefined],
    [undefined, undefined],
  ])('has a folder inside of the project: %j is %s', (path, inside) => {
    expect(insideProject(path)).toBe(inside);
  });
});
