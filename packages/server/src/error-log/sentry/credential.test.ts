import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sentryKeyOf } from './credential.ts';

const key = '0123456789abcdef0123456789abcdef';
const secret = 'fedcba9876543210fedcba9876543210';

test.each([
  [`Sentry sentry_key=${key}, sentry_version=7, sentry_client=sentry.python/2.75.0`],
  [`Sentry sentry_version=7,sentry_client=raven/1,sentry_key=${key},sentry_secret=${secret}`],
  [`sentry sentry_secret=${secret}, sentry_key=${key}`],
])('finds the public key in %s', (header) => {
  expect(sentryKeyOf({ 'x-sentry-auth': header }, {})).toBe(key);
  expect(sentryKeyOf({ authorization: header }, {})).toBe(key);
});

test('finds the public key in the query and in the DSN of an envelope', () => {
  expect(sentryKeyOf({}, { sentry_version: '7', sentry_key: key })).toBe(key);
  expect(sentryKeyOf({}, { sentry_key: [key, 'other'] })).toBe(key);
  expect(sentryKeyOf({}, {}, `http://${key}:${secret}@localhost:8081/42`)).toBe(key);
});

test('takes the header before the query, and the query before the DSN', () => {
  const header = { 'x-sentry-auth': 'Sentry sentry_key=a' };
  expect(sentryKeyOf(header, { sentry_key: 'b' }, 'http://c@localhost/1')).toBe('a');
  expect(sentryKeyOf({}, { sentry_key: 'b' }, 'http://c@localhost/1')).toBe('b');
});

test('finds none where there is none, and never takes the secret or another credential', () => {
  expect(sentryKeyOf({}, {})).toBeUndefined();
  expect(sentryKeyOf({ authorization: `Bearer ${secret}` }, {}, 'nonsense')).toBeUndefined();
  expect(sentryKeyOf({ 'x-sentry-auth': `Sentry sentry_secret=${secret}` }, {})).toBeUndefined();
  expect(sentryKeyOf({}, { sentry_secret: secret })).toBeUndefined();
  expect(sentryKeyOf({}, {}, `http://:${secret}@localhost/1`)).toBeUndefined();
  expect(sentryKeyOf({}, { sentry_key: `${key}' or 1=1` })).toBeUndefined();
});

test('never throws', () => {
  fc.assert(
    fc.property(fc.string(), fc.anything(), fc.string(), (header, query, dsn) => {
      const found = sentryKeyOf({ 'x-sentry-auth': header }, { sentry_key: query }, dsn);
      expect(found ?? 'a').toMatch(/^[\w-]+$/);
    }),
  );
});
