import { appendFile, mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { rotateLog } from './rotate-log.ts';

const mebibyte = 1024 ** 2;
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'borgos-log-'));
  file = join(folder, 'app.log');
});
afterEach(() => rm(folder, { recursive: true }));

test('of a log that grew fast, the last 10 MiB are kept, and the app goes on in the same file', async () => {
  const app = await open(file, 'a');
  for (const letter of 'abcdefghijklmnopqrstuvwxy') await app.write(letter.repeat(mebibyte));
  await rotateLog(file);
  await app.write('more');
  await app.close();
  expect(await readFile(file, 'utf8')).toBe('more');
  const kept = await readFile(`${file}.1`, 'utf8');
  expect(kept.length).toBe(10 * mebibyte);
  expect([kept.at(0), kept.at(-1)]).toEqual(['p', 'y']);

  await appendFile(file, 'z'.repeat(11 * mebibyte));
  await rotateLog(file);
  expect((await stat(`${file}.1`)).size).toBe(10 * mebibyte);
  expect((await readFile(`${file}.1`, 'utf8')).at(0)).toBe('z');
});

test('a small log and a missing one are left alone', async () => {
  await rotateLog(file);
  await appendFile(file, 'short');
  await rotateLog(file);
  expect(await readFile(file, 'utf8')).toBe('short');
  await expect(stat(`${file}.1`)).rejects.toThrow('ENOENT');
});
