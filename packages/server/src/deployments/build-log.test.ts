import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBuildLog } from './build-log.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'borgos-build-log-'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('the log of a build', () => {
  test('has all that was printed, in order', async () => {
    const file = path.join(directory, 'build.log');
    const log = await openBuildLog(file);
    for (let line = 0; line < 2000; line++) log.write(`line ${line}\n`);
    expect(await log.end()).toBeUndefined();
    const expected = Array.from({ length: 2000 }, (_, line) => `line ${line}\n`).join('');
    expect(await readFile(file, 'utf8')).toBe(expected);
  });

  test('ends where it is too long, and says so', async () => {
    const file = path.join(directory, 'long.log');
    const log = await openBuildLog(file, 1000);
    for (let line = 0; line < 1000; line++) log.write('something to print\n');
    await log.end();
    expect((await stat(file)).size).toBeLessThan(1100);
    expect(await readFile(file, 'utf8')).toContain('The rest is left out');
  });

  test('that cannot be written is reported at the end, and does nothing else', async () => {
    const log = await openBuildLog(path.join(directory, 'none', 'build.log'));
    log.write('lost');
    expect(await log.end()).toMatchObject({ code: 'ENOENT' });
    const full = await openBuildLog('/dev/full');
    full.write('lost');
    expect(await full.end()).toMatchObject({ code: 'ENOSPC' });
  });
});
