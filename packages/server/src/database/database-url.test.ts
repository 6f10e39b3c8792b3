import { expect, test } from 'vitest';
import { readDatabaseUrl } from './database-url.ts';

test('a server is named by its host and port, or by its socket', () => {
  const serverOf = (url: string) => readDatabaseUrl(url).server;
  expect(serverOf('postgresql://me:secret@db.example/app')).toBe('db.example:5432');
  expect(serverOf('postgres://db.example:6432/app?sslmode=require')).toBe('db.example:6432');
  expect(serverOf('postgresql://me@localhost/app?host=%2Frun%2Fpg')).toBe('/run/pg');
});

test.each([
  ['hunter22'],
  ['mysql://me:hunter22@db.example/app'],
  ['postgresql://me:hunter22/x@db.example/app'],
  ['postgresql://me:12/hunter22@db.example/app'],
  ['postgresql://me:12?hunter22@db.example/app'],
  ['postgresql://me:12#hunter22@db.example/app'],
  ['postgresql://me:hunter22%@db.example/app'],
])('a malformed one is refused without showing any of it: %s', (url) => {
  let refusal = '';
  try {
    readDatabaseUrl(url);
  } catch (error) {
    refusal = String(error);
  }
  expect(refusal).toMatch(/DATABASE_URL/);
  expect(refusal).not.toContain('hunter22');
});

test('the password is taken out of what others say, as it was written and as it was meant', () => {
  const { redact } = readDatabaseUrl('postgresql://me:p%40ss@db.example/app?password=other');
  expect(redact('no p@ss, no p%40ss, no other')).toBe('no ***, no ***, no ***');
});
