import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type IgnoreMatch, parseDockerIgnore } from './dockerignore.ts';

/** As a build asks: folder by folder, each with the answer for its parent. */
function isIgnored(rules: string, path: string): boolean {
  const ignore = parseDockerIgnore(rules);
  let match: IgnoreMatch | null = null;
  const parts = path.split('/');
  for (const index of parts.keys())
    match = ignore.match(parts.slice(0, index + 1).join('/'), match);
  return match?.ignored ?? false;
}

describe('the rules of a .dockerignore', () => {
  test.each([
    ['node_modules', 'node_modules', true],
    ['node_modules', 'node_modules/a/b', true],
    ['node_modules', 'web/node_modules', false],
    ['**/node_modules', 'web/app/node_modules/x', true],
    ['**/node_modules', 'node_modules', true],
    ['**/node_modules', 'my_node_modules', false],
    ['/abc', 'abc', true],
    ['abc/', 'abc/d', true],
    ['./abc//d/../e', 'abc/e', true],
    ['../abc', 'abc', false],
    ['*.md', 'a.md', true],
    ['*.md', 'docs/a.md', false],
    ['*/*.md', 'docs/a.md', true],
    ['**/*.md', 'a.md', true],
    ['**/*.md', 'x/y/a.md', true],
    ['**.log', 'x/debug.log', true],
    ['docs/**', 'docs', false],
    ['docs/**', 'docs/a/b', true],
    ['a/**/z', 'a/z', true],
    ['a/**/z', 'a/b/c/z', true],
    ['a/**/z', 'a/bz', false],
    ['temp?', 'temp1', true],
    ['temp?', 'temp', false],
    ['temp?', 'temp/a', false],
    ['[a-c].txt', 'b.txt', true],
    ['[^a-c].txt', 'b.txt', false],
    ['[^a-c].txt', 'd.txt', true],
    ['\\*.txt', '*.txt', true],
    ['\\*.txt', 'a.txt', false],
    ['a+(b).{c}$', 'a+(b).{c}$', true],
    ['ABC', 'abc', false],
    ['# comment\n\n  abc  ', 'abc', true],
    ['\uFEFFabc\r\ndef', 'abc', true],
    ['abc\r\ndef', 'def', true],
    ['*\n!src', 'src/deep/file', false],
    ['*\n!src', 'other', true],
    ['*.md\n!README.md', 'README.md', false],
    ['*.md\n!README.md\nREADME*', 'README.md', true],
    ['dir\n!dir/keep', 'dir/keep', false],
    ['dir\n!dir/keep', 'dir/drop', true],
    ['dir\n! dir/keep', 'dir/keep', false],
    ['a/b\n!a', 'a/b/file', true],
    ['a\n!a\na/b', 'a/b/file', true],
    ['*\n!**/y.md', 'a/b/y.md', false],
    ['𝒳?', '𝒳𝒴', true],
  ])('%j on %s: %s', (rules, path, expected) => {
    expect(isIgnored(rules, path)).toBe(expected);
  });

  test.each(['a[', 'a[b', 'a[]', 'a[-b]', 'a\\', '!', 'a[b-'])('%j is refused', (pattern) => {
    expect(() => parseDockerIgnore(pattern)).toThrow(/line 1/);
  });

  test('a folder is looked into only when a "!" rule could restore something there', () => {
    const mayRestore = (rules: string) => parseDockerIgnore(rules).mayRestoreInside('out/dir');
    expect(mayRestore('out')).toBe(false);
    expect(mayRestore('out\n!other/file')).toBe(false);
    expect(mayRestore('out\n!out/file')).toBe(false);
    expect(mayRestore('out\n!out/dir/file')).toBe(true);
    expect(mayRestore('out\n!**/file')).toBe(true);
    expect(mayRestore('out\n!*/*/file')).toBe(true);
  });

  test('a folder that is not looked into has nothing that would be restored', () => {
    const name = fc.constantFrom('a', 'b', 'ab');
    const rule = fc
      .tuple(
        fc.boolean(),
        fc.array(fc.constantFrom('a', 'b', '*', '**', 'a*', '?'), { minLength: 1, maxLength: 4 }),
      )
      .map(([restores, parts]) => (restores ? '!' : '') + parts.join('/'));
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 5 }),
        fc.array(name, { minLength: 1, maxLength: 3 }),
        fc.array(name, { minLength: 1, maxLength: 3 }),
        (rules, folder, below) => {
          const text = rules.join('\n');
          const path = folder.join('/');
          fc.pre(isIgnored(text, path) && !parseDockerIgnore(text).mayRestoreInside(path));
          expect(isIgnored(text, `${path}/${below.join('/')}`)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a hostile pattern takes no longer than its length asks for', () => {
    const start = performance.now();
    expect(isIgnored(`${'**/a*'.repeat(60)}b`, `${'a/'.repeat(200)}a`)).toBe(false);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});
