import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeApiToken } from './api-token.ts';
import { decodeBasic, readAuthorization } from './authorization-header.ts';

const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64');

describe('the Authorization header', () => {
  test.each(['Basic', 'basic', 'BASIC', 'bAsIc'])('of the scheme %s is a password', (scheme) => {
    const encoded = base64('ada:secret');
    expect(readAuthorization(`${scheme} ${encoded}`)).toEqual({ kind: 'password', encoded });
  });

  test.each(['Bearer', 'bearer', 'BEARER'])('of the scheme %s is a token', (scheme) => {
    const token = makeApiToken();
    expect(readAuthorization(`${scheme} ${token}`)).toEqual({ kind: 'api_token', token });
    expect(readAuthorization(`${scheme} a.b.c-_`)).toEqual({ kind: 'session', token: 'a.b.c-_' });
  });

  test.each([
    '',
    'Basic',
    'Basic ',
    'Bearer',
    'Bearer a.b',
    'Bearer a.b.c.d',
    'Bearer a..c',
    'Bearer a.b.c d',
    'Bearer borg_short',
    `Bearer borg_${'0'.repeat(49)}`,
    'Basic not base64',
    'Basic a*b',
    'Digest username="ada"',
    makeApiToken(),
    `Token ${makeApiToken()}`,
    `Bearer ${makeApiToken()},Bearer x`,
    `Bearer a.b.${'c'.repeat(4096)}`,
    `Basic ${'A'.repeat(4096)}`,
  ])('of %j is nothing', (text) => {
    expect(readAuthorization(text)).toBeUndefined();
  });

  test('of any text at all is read or refused, and never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void readAuthorization(text)));
    fc.assert(fc.property(fc.string(), (text) => void readAuthorization(`Basic ${text}`)));
  });
});

describe('a Basic credential', () => {
  test('is divided at its first colon, and its name is in lower case', () => {
    expect(decodeBasic(base64('Ada:a:b:c '))).toEqual({ name: 'ada', password: 'a:b:c ' });
  });

  test('is UTF-8', () => {
    expect(decodeBasic(base64('jürgen:pässwörd ✓'))).toEqual({
      name: 'jürgen',
      password: 'pässwörd ✓',
    });
    expect(decodeBasic(base64(Buffer.from('ada:p\xe4ss', 'latin1')))).toBeUndefined();
  });

  test.each(['no colon', ':password', 'name:', 'a\0b:password', `${'a'.repeat(65)}:x`, ' :x'])(
    'of %j is nobody’s',
    (text) => {
      expect(decodeBasic(base64(text))).toBeUndefined();
    },
  );

  test('of any name and password comes out as it went in', () => {
    const name = fc.stringMatching(/^[a-z0-9._@-]{1,64}$/);
    const password = fc.string({ minLength: 1, maxLength: 256, unit: 'grapheme' });
    fc.assert(
      fc.property(name, password, (name, password) => {
        expect(decodeBasic(base64(`${name}:${password}`))).toEqual({ name, password });
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => void decodeBasic(base64(Buffer.from(bytes)))),
    );
  });
});
