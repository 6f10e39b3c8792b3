import { expect, test } from 'vitest';
import { describeProblem, retryAfterMs } from './acme-problem.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

test.for([
  ['120', 120_000],
  ['0', 0],
  ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  ['999999999', 86_400_000],
  ['soon', null],
  [undefined, null],
  [['1', '2'], null],
])('Retry-After %j is %j ms', ([value, ms]) => {
  expect(retryAfterMs(value, now)).toBe(ms);
});

test('what an ACME server writes is cut, and has no control characters', () => {
  const { type, text } = describeProblem({
    type: 'urn:ietf:params:acme:error:dns',
    detail: `a\u0000\u001b[31m\nb \ud800${'x'.repeat(2_000)}`,
  });
  expect(type).toBe('dns');
  expect(text).toMatch(/^a \[31m b \ufffdx+$/);
  expect(text.length).toBe(500);
});

test.for([null, undefined, 'text', 7, [], {}, { type: 7, detail: {} }, { subproblems: [null] }])(
  'a problem that is %j is said to be unexplained',
  (document) => {
    expect(describeProblem(document)).toEqual({ type: null, text: 'it did not say why' });
  },
);
