import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isApiToken, makeApiToken, prefixOfToken } from './api-token.ts';
import { toBase62 } from './base62.ts';

describe('an API token', () => {
  test('is borg_ and 49 letters and digits, another one each time', () => {
    const made = Array.from({ length: 200 }, makeApiToken);
    for (const token of made) {
      expect(token).toMatch(/^borg_[0-9A-Za-z]{49}$/);
      expect(isApiToken(token)).toBe(true);
      expect(prefixOfToken(token)).toBe(token.slice(0, 9));
    }
    expect(new Set(made).size).toBe(200);
  });

  test('is refused with any one character changed', () => {
    const anyCharacter = fc.oneof(
      fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-'),
      fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }),
    );
    fc.assert(
      fc.property(fc.nat(53), anyCharacter, (position, character) => {
        const token = makeApiToken();
        fc.pre(token[position] !== character);
        const changed = token.slice(0, position) + character + token.slice(position + 1);
        return !isApiToken(changed);
      }),
      { numRuns: 500 },
    );
  });

  test('is refused with two characters exchanged, one left out, or one more', () => {
    fc.assert(
      fc.property(fc.nat(52), (position) => {
        const token = makeApiToken();
        const [a = '', b = ''] = token.slice(position, position + 2);
        fc.pre(a !== b);
        const before = token.slice(0, position);
        const after = token.slice(position + 2);
        return ![b + a, a, a + b + b].some((middle) => isApiToken(before + middle + after));
      }),
    );
  });

  test('is never made of other text', () => {
    fc.assert(fc.property(fc.string(), (text) => !isApiToken(text)));
    expect(isApiToken(`borg_${'0'.repeat(49)}`)).toBe(false);
  });
});

test('base62 is as long as asked, and different for different numbers', () => {
  expect(toBase62(0, 6)).toBe('000000');
  expect(toBase62(61, 2)).toBe('0z');
  expect(toBase62(62n, 2)).toBe('10');
  expect(toBase62(2n ** 256n - 1n, 43)).toHaveLength(43);
  expect(toBase62(2 ** 32 - 1, 6)).toHaveLength(6);
});
