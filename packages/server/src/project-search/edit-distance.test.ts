import { expect, test } from 'vitest';
import { editDistance } from './edit-distance.ts';

test.each([
  ['same', 'same', 0],
  ['lamp', 'lamps', 1],
  ['lamp', 'amp', 1],
  ['lamp', 'lump', 1],
  ['djnago', 'django', 1],
  ['kubernets', 'kubernetes', 1],
  ['postgersql', 'postgresql', 1],
  ['elasticsaerhc', 'elasticsearch', 2],
])('%s becomes %s in %i', (from, to, distance) => {
  expect(editDistance(from, to, 2)).toBe(distance);
  expect(editDistance(to, from, 2)).toBe(distance);
});

test('what is further than asked for is not told', () => {
  expect(editDistance('lamp', 'lumps', 1)).toBeUndefined();
  expect(editDistance('abcdef', 'uvwxyz', 2)).toBeUndefined();
  expect(editDistance('a', 'abcd', 2)).toBeUndefined();
});
