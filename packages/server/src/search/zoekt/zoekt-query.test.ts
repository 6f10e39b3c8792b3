import { expect, test } from 'vitest';
import { queryOf } from '../testing/parsed-query.ts';
import { zoektQuery } from './zoekt-query.ts';

const shop = { id: 1, name: 'My shop', path: '/srv/acme/shop.js' };
const repo = String.raw`repo:"^(?:.*/)?(?:My shop|shop\\.js)$"`;
const end = `${repo} case:no`;
const written = (parts: Parameters<typeof queryOf>[0]) => zoektQuery(queryOf(parts), [shop]);

test('a file has to have one of the words that tell something', () => {
  expect(written({ words: ['how', 'is', 'the', 'user', 'authenticated'] })).toBe(
    `(content:"user" or content:"authenticated") ${end}`,
  );
  expect(written({ words: ['the'] })).toBe(`content:"the" ${end}`);
});

test('all that is in quotes and slashes has to be there, as it is', () => {
  expect(written({ literals: ['a.b("x\\n")', 'or'], regexes: ['foo\\s+"bar"'] })).toBe(
    String.raw`content:"a\\.b\\(\"x\\\\n\"\\)" content:"or" content:"foo\\s+\"bar\"" ${end}`,
  );
});

test('filters name one of those that are wanted and none of the others', () => {
  const query = {
    literals: ['x'],
    languages: { any: ['go', 'C++'], not: ['python'] },
    paths: { any: ['src/**/api'], not: ['test'] },
    files: { any: ['*.ts'], not: ['main'] },
    caseSensitive: true,
  };
  expect(written(query)).toBe(
    String.raw`content:"x" (lang:"go" or lang:"C++") -lang:"python" file:"src/.*api" -file:"test" file:"(?:^|/)[^/]*\\.ts$" -file:"main[^/]*$" ${repo} case:yes`,
  );
});

test('what looks like an operator is looked for, and not obeyed', () => {
  expect(written({ words: ['lang:go', '-x', '(', 'repo:"y"'] })).toBe(
    String.raw`(content:"lang:go" or content:"-x" or content:"\\(" or content:"repo:\"y\"") ${end}`,
  );
});

test('without anything to be found in a file nothing is asked', () => {
  expect(written({ languages: { any: ['go'], not: [] } })).toBeNull();
});
