import { expect, test } from 'vitest';
import { queryWords, stemOf, wordsOf, wordsOfName } from './words.ts';

test('a name falls into its words, and is one as well', () => {
  expect(wordsOfName('MyWebApp')).toEqual(['my', 'web', 'app', 'mywebapp']);
  expect(wordsOfName('HTTPServer-v2_final')).toEqual([
    'http',
    'server',
    'v2',
    'final',
    'httpserverv2final',
  ]);
  expect(wordsOfName('shop')).toEqual(['shop']);
});

test('languages with signs in their name stay whole', () => {
  expect(wordsOf('C++, C#, .NET and Next.js, not Ökonomie')).toEqual([
    'cpp',
    'csharp',
    'dotnet',
    'and',
    'nextjs',
    'not',
    'okonomie',
  ]);
});

test.each([
  ['scraper', 'scraping'],
  ['invoice', 'invoices'],
  ['libraries', 'library'],
  ['boxes', 'box'],
  ['monitoring', 'monitor'],
  ['planned', 'planning'],
])('%s and %s have one stem', (one, other) => {
  expect(stemOf(one)).toBe(stemOf(other));
});

test.each([
  ['status', 'state'],
  ['redis', 'red'],
  ['ring', 'r'],
  ['class', 'clas'],
])('%s and %s have not', (one, other) => {
  expect(stemOf(one)).not.toBe(stemOf(other));
});

test('what nearly every query has does not count, unless there is nothing else', () => {
  expect(queryWords('the app that uses my Python').map(({ word }) => word)).toEqual([
    'app',
    'python',
  ]);
  expect(queryWords('what is it').map(({ word }) => word)).toEqual(['what', 'is', 'it']);
  expect(queryWords(Array.from({ length: 40 }, (_, at) => `w${at}x`).join(' '))).toHaveLength(16);
});
