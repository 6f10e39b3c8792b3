import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLogFile } from './log-file.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'borgos-log-'));
  path = join(folder, 'deployments', '7', 'app.log');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (count: number) => ({ stdout: { at: '2026-11-24T05:00:00.000000000Z', count } });

test('goes on where it was closed', async () => {
  const first = await openLogFile(path);
  await first.append('one', Buffer.from('a\n'), at(1));
  await first.append('two', Buffer.from('b\n'), at(2));
  await first.close();
  const second = await openLogFile(path);
  expect(second.positionOf('one')).toEqual(at(1));
  expect(second.positionOf('two')).toEqual(at(2));
  expect(second.positionOf('three')).toEqual({});
  await second.append('one', Buffer.from('c\n'), at(3));
  await second.close();
  expect(await readFile(path, 'utf8')).toBe('a\nb\nc\n');
});

test('cuts off what was written after the position was last saved, as it will come again', async () => {
  const first = await openLogFile(path);
  await first.append('one', Buffer.from('a\n'), at(1));
  await first.close();
  // As a process that is killed between writing the output and the position leaves it.
  await appendFile(path, 'b\n');
  const second = await openLogFile(path);
  await second.append('one', Buffer.from('b\n'), at(2));
  await second.close();
  expect(await readFile(path, 'utf8')).toBe('a\nb\n');
});

test('keeps what another runtime wrote when no container is being followed', async () => {
  const first = await openLogFile(path);
  await first.append('one', Buffer.from('a\n'), at(1));
  await first.forget('one');
  await first.close();
  await appendFile(path, 'of a process\n');
  const second = await openLogFile(path);
  await second.append('two', Buffer.from('b\n'), at(1));
  await second.close();
  expect(await readFile(path, 'utf8')).toBe('a\nof a process\nb\n');
});

test('is moved aside at 10 MiB, and only once', async () => {
  const file = await openLogFile(path);
  const piece = Buffer.alloc(1024 ** 2, 'x');
  for (let number = 1; number <= 25; number += 1) await file.append('one', piece, at(number));
  await file.close();
  expect((await stat(path)).size).toBe(5 * 1024 ** 2);
  expect((await stat(`${path}.1`)).size).toBe(10 * 1024 ** 2);
  const again = await openLogFile(path);
  expect(again.positionOf('one')).toEqual(at(25));
  await again.close();
});

test('takes a damaged position file as none', async () => {
  const first = await openLogFile(path);
  await first.append('one', Buffer.from('a\n'), at(1));
  await first.close();
  await writeFile(`${path}.position`, '{"size":');
  const second = await openLogFile(path);
  expect(second.positionOf('one')).toEqual({});
  await second.close();
  expect(await readFile(path, 'utf8')).toBe('a\n');
});
