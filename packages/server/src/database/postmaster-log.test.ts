import { appendFile, mkdtemp, open, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { boundPostmasterLog, readLogSince } from './postmaster-log.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'borgos-log-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a log that is too large makes room, and a server that has it open goes on writing', async () => {
  const file = join(folder, 'large.log');
  const server = await open(file, 'a');
  await server.write('first\n');
  await boundPostmasterLog(file);
  expect(await readFile(file, 'utf8')).toBe('first\n');

  await truncate(file, 9 * 1024 * 1024);
  await boundPostmasterLog(file);
  await server.write('later\n');
  await server.close();
  expect(await readFile(file, 'utf8')).toBe('later\n');
  expect((await stat(`${file}.1`)).size).toBe(9 * 1024 * 1024);
});

test('a log that does not exist yet is small enough', async () => {
  await boundPostmasterLog(join(folder, 'none.log'));
});

test('only what was written since is read, and of much the end', async () => {
  const file = join(folder, 'read.log');
  await appendFile(file, 'before\n');
  const offset = (await stat(file)).size;
  await appendFile(file, 'after\n');
  expect(await readLogSince(file, offset)).toBe('after');
  await appendFile(file, `${'much '.repeat(10_000)}\nthe end\n`);
  const read = await readLogSince(file, offset);
  expect(read).toMatch(/much \nthe end$/);
  expect(read.length).toBeLessThanOrEqual(8_192);
});
