import { expect, test } from 'vitest';
import { negotiateApiVersion } from './api-version.ts';

test('speaks the newest version that both know', () => {
  expect(negotiateApiVersion('1.41', '1.12')).toBe('1.41');
  expect(negotiateApiVersion('1.47', '1.24')).toBe('1.47');
  expect(negotiateApiVersion('1.99', '1.44')).toBe('1.52');
});

test('goes along with an engine that dropped all versions known here', () => {
  expect(negotiateApiVersion('1.99', '1.60')).toBe('1.60');
});

test('gives up on an engine older than 20.10', () => {
  expect(negotiateApiVersion('1.40', '1.12')).toBeNull();
  expect(negotiateApiVersion('1.9', '1.1')).toBeNull();
});
