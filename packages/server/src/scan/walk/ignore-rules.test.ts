import { lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listedByGit, makeGitFolder } from '../git/testing/git-folder.ts';
import { type IgnoreLevel, isIgnored, parseIgnoreRules } from './ignore-rules.ts';
import { walkProject } from './walk-project.ts';

const nobody = { home: '/nowhere', configHome: '/nowhere' };

function verdict(patterns: string, where: string, ignoreCase = false): boolean | undefined {
  const isDirectory = where.endsWith('/');
  const bytes = Buffer.from(isDirectory ? where.slice(0, -1) : where).toString('latin1');
  const rules = parseIgnoreRules(Buffer.from(patterns), ignoreCase);
  return rules?.verdict(bytes, 0, bytes.lastIndexOf('/') + 1, isDirectory, () => undefined);
}

describe('a pattern', () => {
  test.each([
    ['*.log', 'a.log', 'deep/a.log'],
    ['*.log', 'a.log.log', '.log'],
    ['name', 'name', 'a/name', 'name/'],
    ['/name', 'name', 'name/'],
    ['a/b', 'a/b', 'a/b/'],
    ['name/', 'name/', 'a/name/'],
    ['**/a/b', 'a/b', 'x/a/b', 'x/y/a/b'],
    ['a/**', 'a/b', 'a/b/c'],
    ['a/**/b', 'a/b', 'a/x/b', 'a/x/y/b'],
    ['a/*/b', 'a/x/b'],
    ['a?c', 'abc', 'x/a-c'],
    ['a[b-d]c', 'abc', 'acc'],
    ['a[!b-d]c', 'aac', 'aec'],
    ['a[^b]c', 'aac'],
    ['[[:alpha:]][[:digit:]]', 'a1', 'Z9'],
    ['[[:space:][:upper:]]', 'A', ' '],
    ['[]-a]', ']', 'a', '^'],
    ['\\#file', '#file'],
    ['\\!file', '!file'],
    ['file\\ ', 'file '],
    ['file   ', 'file'],
    ['file\t', 'file\t'],
    ['a\\*b', 'a*b'],
    ['\\[x]', '[x]'],
    ['*', 'anything', 'a/b'],
    ['**', 'anything', 'a/b'],
    ['file\r', 'file'],
    ['\ufefffile', 'file'],
    ['é?', 'éa'],
    ['a/b**/c', 'a/bx/c', 'a/bx/y/c'],
  ])('%j ignores %j', (pattern, ...paths) => {
    for (const where of paths) expect(verdict(pattern, where), where).toBe(true);
  });

  test.each([
    ['*.log', 'a.LOG', 'a.log2', 'log'],
    ['/name', 'a/name'],
    ['a/b', 'x/a/b'],
    ['name/', 'name'],
    ['a/*/b', 'a/b', 'a/x/y/b'],
    ['a/**', 'a', 'a/'],
    ['a?c', 'a/c', 'ac'],
    ['a[b/]c', 'a/c'],
    ['# comment', '# comment', 'comment'],
    ['file\\', 'file', 'file\\'],
    ['a[b', 'a[b', 'ab'],
    ['[[:none:]]', 'n', '[[:none:]]'],
    ['', '', 'a'],
    ['/', 'a', 'a/'],
    ['é?', 'é'],
    ['?', 'é'],
  ])('%j does not ignore %j', (pattern, ...paths) => {
    for (const where of paths) expect(verdict(pattern, where), where).toBeUndefined();
  });

  test('that comes later wins, and takes in again what an earlier one ignores', () => {
    expect(verdict('*.log\n!keep.log', 'keep.log')).toBe(false);
    expect(verdict('!keep.log\n*.log', 'keep.log')).toBe(true);
    expect(verdict('a*\n!ab*\nabc', 'abc')).toBe(true);
    expect(verdict('a*\n!ab*\nabc', 'abd')).toBe(false);
  });

  test('ignores case only where the repository does', () => {
    expect(verdict('READ*.Md', 'readme.md')).toBeUndefined();
    expect(verdict('READ*.Md', 'readme.md', true)).toBe(true);
    expect(verdict('*.LOG', 'a.log', true)).toBe(true);
    expect(verdict('[[:upper:]-Z]x', 'ax', true)).toBe(true);
  });

  test('in a nearer folder wins over one above it', () => {
    const above = levelOf('*.log', 0, undefined);
    const near = levelOf('!*.log', 2, above);
    expect(isIgnored(near, 'a/x.log', 2, false, () => undefined)).toBe(false);
    expect(isIgnored(above, 'x.log', 0, false, () => undefined)).toBe(true);
  });

  function levelOf(text: string, base: number, above: IgnoreLevel | undefined): IgnoreLevel {
    const rules = parseIgnoreRules(Buffer.from(text));
    if (!rules) throw new Error('no rules');
    return { rules, base, above };
  }
});

describe('hostile patterns', () => {
  test.each([
    `${'a*'.repeat(40)}b`,
    `${'**/'.repeat(40)}${'a*'.repeat(40)}b`,
    `x/${'**/a*/'.repeat(30)}b`,
    `${'*?'.repeat(60)}b`,
    `x/**/${'[a-a]*'.repeat(50)}/**/b`,
  ])('take no more time than any others: %.30s', (pattern) => {
    const name = 'a'.repeat(255);
    const deep = `${'aaa/'.repeat(60)}${'a'.repeat(200)}`;
    const started = performance.now();
    expect(verdict(pattern, name)).toBeUndefined();
    expect(verdict(pattern, deep)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(500);
  });

  test('can be given up', () => {
    const rules = parseIgnoreRules(Buffer.from('a?b\n'.repeat(1_000)));
    const stop = () => {
      throw new Error('enough');
    };
    expect(() => rules?.verdict('x', 0, 0, false, stop)).toThrow('enough');
  });
});

// Names and patterns of few letters, so that they meet.
const letters = ['a', 'b', 'A', 'é', '.', '-', ' ', ']', '!', '#', '^', '\\', '*', '['];
const part = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('a', 'b', 'ab', 'abc', 'A', 'é', '.a', 'a.b', ']') },
  { weight: 4, arbitrary: fc.constantFrom('*', '**', '?', '/', '/', '**/', '/**', '/**/', '***') },
  { weight: 2, arbitrary: fc.constantFrom('[ab]', '[!a]', '[^b-]', '[a-c]', '[[:alpha:]]') },
  { weight: 1, arbitrary: fc.constantFrom('[]a]', '[[:x]', '[[:x:]]', '[a', '[a\\]]', '[[:') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('\\a', '\\*', '\\', '\\ ', ' ', '\\/', '\\\\', '!', '#'),
  },
);
const pattern = fc
  .tuple(
    fc.constantFrom('', '', '', '!', '/'),
    fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('')),
    fc.constantFrom('', '', '', '/', ' ', '\r'),
  )
  .map((parts) => parts.join(''));
const ignoreFile = fc
  .array(pattern, { minLength: 1, maxLength: 4 })
  .map((lines) => lines.join('\n'));

describe('on generated rules, the walk finds what git lists', () => {
  const tree = [
    ...letters.filter((letter) => letter !== '.').map((letter) => `${letter}${letter}`),
    'a',
    'ab/a',
    'ab/abc/a.b',
    'ab/abc/b',
    'abc/.a',
    'b/a/b/a/b',
    'b/ab/é',
    'A/a',
    'é/a/b',
    ']/a',
    '.b/a.b',
  ];

  test('in many folders at once', async () => {
    await using folder = await makeGitFolder();
    fc.assert(
      fc.property(fc.array(ignoreFile, { minLength: 60, maxLength: 60 }), (files) => {
        files.forEach((text, number) => {
          const base = path.join(folder.path, `${number}`);
          for (const file of tree) put(path.join(base, file), '');
          put(path.join(base, '.gitignore'), text);
        });
        expectEqual(folder.path);
      }),
      { numRuns: 5 },
    );
  });

  test('over several levels, also where a part is tracked', async () => {
    await using folder = await makeGitFolder();
    const files = fc.record({
      above: ignoreFile,
      below: ignoreFile,
      deepest: ignoreFile,
      exclude: ignoreFile,
      tracked: fc.subarray(tree),
    });
    fc.assert(
      fc.property(files, ({ above, below, deepest, exclude, tracked }) => {
        rmSync(path.join(folder.path, '.git/index'), { force: true });
        for (const file of tree) put(path.join(folder.path, file), '');
        put(path.join(folder.path, '.gitignore'), above);
        put(path.join(folder.path, 'ab/.gitignore'), below);
        put(path.join(folder.path, 'b/a/.gitignore'), deepest);
        put(path.join(folder.path, '.git/info/exclude'), exclude);
        if (tracked.length > 0) {
          folder.git('--literal-pathspecs', 'add', '--force', '--', ...tracked);
        }
        expectEqual(folder.path);
        expectEqual(path.join(folder.path, 'ab'), { unlessEmpty: true });
      }),
      { numRuns: 40 },
    );
  });

  function put(file: string, text: string) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  function expectEqual(directory: string, { unlessEmpty = false } = {}) {
    const isFile = (file: string) =>
      lstatSync(path.join(directory, file), { throwIfNoEntry: false })?.isFile() ?? false;
    const listed = listedByGit(directory, isFile);
    // A directory that is ignored as a whole is a project of its own to us.
    if (unlessEmpty && listed.length === 0) return;
    const found = walkProject(directory, { user: nobody }).paths;
    expect(found.sort()).toEqual(listed);
  }
});
