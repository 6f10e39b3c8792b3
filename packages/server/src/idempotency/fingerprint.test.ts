import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fingerprintOf } from './fingerprint.ts';

const key = Buffer.from('a key of a test');
const of = (body: unknown, url = '/things', method = 'POST') =>
  fingerprintOf(key, { method, url, body }).toString('hex');

/** A body as it is parsed: JSON has no negative zero. */
const arrived = fc.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value)));

/** The same value with its names in reverse, at every depth. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([name, inner]) => [name, reversed(inner)]));
}

test('the order of names makes no difference, whatever the body', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (body) => {
      expect(of(reversed(body))).toBe(of(body));
    }),
  );
});

test('two bodies have one fingerprint only when they are equal', () => {
  fc.assert(
    fc.property(arrived, arrived, (one, other) => {
      expect(of(one) === of(other)).toBe(isDeepStrictEqual(one, other));
    }),
  );
  expect(of({ a: 1 })).not.toBe(of({ a: '1' }));
  expect(of(undefined)).not.toBe(of(null));
  expect(of({})).not.toBe(of([]));
});

test('what belongs to the method, the path or the body cannot be taken for another part', () => {
  expect(of(undefined, '/a')).not.toBe(of(undefined, '/b'));
  expect(of(undefined, '/a', 'POST')).not.toBe(of(undefined, '/a', 'PUT'));
  expect(of(1, '/things')).not.toBe(of(undefined, '/things1'));
});

test('without the key it cannot be made', () => {
  const request = { method: 'POST', url: '/things', body: {} };
  expect(fingerprintOf(key, request)).not.toEqual(fingerprintOf(Buffer.from('other'), request));
});
