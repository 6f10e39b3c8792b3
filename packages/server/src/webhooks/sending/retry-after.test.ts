import { expect, test } from 'vitest';
import { retryAfterSeconds } from './retry-after.ts';

const now = Date.parse('2026-03-01T12:00:00Z');

test.each([
  ['seconds', '120', 120],
  ['seconds with spaces around', ' 7 ', 7],
  ['no time', '0', 0],
  ['more than a day', '86401', 86_400],
  ['more than a number can be', '9'.repeat(400), 86_400],
  ['a date', 'Sun, 01 Mar 2026 12:02:00 GMT', 120],
  ['a date of the older form', 'Sunday, 01-Mar-26 12:02:00 GMT', 120],
  ['a date that is over', 'Sun, 01 Mar 2026 11:00:00 GMT', 0],
  ['a date that is years away', 'Fri, 01 Mar 2030 12:00:00 GMT', 86_400],
  ['less than nothing', '-5', null],
  ['a fraction', '1.5', null],
  ['words', 'soon', null],
  ['a date that is none', 'Sun, 99 Mar 2026 12:02:00 GMT', null],
  ['a date in no zone', '2026-03-01 12:02:00', null],
  ['nothing', '', null],
])('understands %s', (_what, value, seconds) => {
  expect(retryAfterSeconds(value, now)).toBe(seconds);
});
