import fc from 'fast-check';
import { expect, test } from 'vitest';
import { normalizeMessage } from './normalize-message.ts';

test.each([
  ['user 12 has -3.5 of 1,000', 'user <number> has <number> of <number>'],
  ['order 550e8400-e29b-41d4-a716-446655440000 is gone', 'order <uuid> is gone'],
  ['connect ECONNREFUSED 10.0.0.1:5432', 'connect ECONNREFUSED <ip>'],
  ['connect ECONNREFUSED ::1 and fe80::1:2', 'connect ECONNREFUSED <ip> and <ip>'],
  ['at 2026-11-24T10:00:00.123Z or 10:00:00', 'at <date> or <time>'],
  ['since Tue, 24 Nov 2026 10:00:00 GMT', 'since <date>'],
  ['mail to ann.b+c@mail.example.com failed', 'mail to <email> failed'],
  ['GET https://me:pass@api.example.com:8443/v1/7?a=b', 'GET https://api.example.com/<path>'],
  ['postgres://u:p@10.0.0.1:5432/shop', 'postgres://<ip>/<path>'],
  [
    `no such user 'ann' or "bob \\"x\\"" in \`c d\``,
    'no such user <string> or <string> in <string>',
  ],
  ["it can't be that it isn't", "it can't be that it isn't"],
  ['object <Pool at 0x7f3a9c1b22d0>', 'object <Pool at <hex>>'],
  ['commit 3f2a9c1b8d', 'commit <hex>'],
  ['timed out after 30 ms, then 1.5s', 'timed out after <duration>, then <duration>'],
  ['no file /var/data/tmpa81x/report.csv', 'no file /var/data/<id>/report.csv'],
  ['no route /api/v1/users/1234', 'no route /api/v1/users/<id>'],
  ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln is old', 'token <token> is old'],
  ['key QWxhZGRpbjpvcGVuIHNlc2FtZQ== refused', 'key <token> refused'],
  ['several\n  lines\tof text', 'several lines of text'],
])('%s', (message, normalized) => {
  expect(normalizeMessage(message)).toBe(normalized);
});

test('status codes are kept: other ones are other errors', () => {
  expect(normalizeMessage('Request failed with status code 404 for 12')).toBe(
    'Request failed with status code 404 for <number>',
  );
});

test('any text gives one line of at most 300 characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
      const normalized = normalizeMessage(text.repeat(20));
      expect(normalized.length).toBeLessThanOrEqual(300);
      expect(normalized).not.toMatch(/[\n\r\t]/);
      expect(normalized.isWellFormed()).toBe(true);
    }),
  );
});

test('whatever the numbers in a message are, it is the same', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (one, other) => {
      const message = (value: number) => `row ${value} of table items is locked (pid=${value})`;
      expect(normalizeMessage(message(one))).toBe(normalizeMessage(message(other)));
    }),
  );
});
