import { expect, test } from 'vitest';
import { listAnswer } from './list-answer.ts';

function linksOf(total: number, limit: number, offset: number | undefined, url = '/things') {
  const { headers } = listAnswer({ items: [], total }, { limit, offset }, url);
  return headers.link?.split(', ');
}

test('the first page links to the last and the next', () => {
  expect(linksOf(45, 20, 0)).toEqual([
    '</things?limit=20&offset=0>; rel="first"',
    '</things?limit=20&offset=40>; rel="last"',
    '</things?limit=20&offset=20>; rel="next"',
  ]);
});

test('the last page links back only', () => {
  expect(linksOf(45, 20, 40)).toEqual([
    '</things?limit=20&offset=0>; rel="first"',
    '</things?limit=20&offset=40>; rel="last"',
    '</things?limit=20&offset=20>; rel="prev"',
  ]);
});

test('past the end, the way back is the last page', () => {
  expect(linksOf(45, 20, 1000)).toContain('</things?limit=20&offset=40>; rel="prev"');
});

test('a page that starts between two others keeps its borders', () => {
  expect(linksOf(45, 20, 10)).toEqual([
    '</things?limit=20&offset=0>; rel="first"',
    '</things?limit=20&offset=30>; rel="last"',
    '</things?limit=20&offset=0>; rel="prev"',
    '</things?limit=20&offset=30>; rel="next"',
  ]);
});

test('an empty list is one empty page', () => {
  expect(linksOf(0, 20, 0)).toEqual([
    '</things?limit=20&offset=0>; rel="first"',
    '</things?limit=20&offset=0>; rel="last"',
  ]);
});

test('the other parameters are kept, with what would break a header encoded', () => {
  const links = linksOf(45, 20, 0, '/things?name=%3E%22%0D%0Ax&tags=a,b&offset=0');
  expect(links?.[2]).toBe('</things?name=%3E%22%0D%0Ax&tags=a%2Cb&offset=20&limit=20>; rel="next"');
});

test('the links of a bare array lead to bare arrays', () => {
  expect(linksOf(45, 20, undefined)?.[2]).toBe(
    '</things?limit=20&envelope=false&offset=20>; rel="next"',
  );
});
