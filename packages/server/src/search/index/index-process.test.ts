import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { childProcessesOf } from '../../scan/testing/child-processes.ts';
import { waitFor } from '../../testing/wait-for.ts';
import { createIndexProcess, IndexFailure, type IndexProcess } from './index-process.ts';

let folder: string;
let indexing: IndexProcess;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'borgos-project-'));
  indexing = createIndexProcess();
  await writeFile(path.join(folder, 'shop.py'), 'def pay(order):\n    return order.total\n');
});
afterEach(async () => {
  await indexing.close();
  await rm(folder, { recursive: true });
});

const index = (signal = new AbortController().signal) => {
  const file = path.join(folder, '.git', 'index.db');
  const request = { directory: folder, file, isUnknown: false };
  return indexing.run(request, { signal, onProgress: () => {} });
};
const ownChildren = () => childProcessesOf(process.pid, 'index-child');

test('one process makes one index after the other, and ends when it is no longer needed', async () => {
  await expect(index()).resolves.toMatchObject({ filesChanged: 1 });
  const [first] = await ownChildren();
  await index();
  expect(await ownChildren()).toEqual([first]);
  await indexing.close();
  expect(await ownChildren()).toEqual([]);
});

test('one that is killed while it waits is started anew', async () => {
  await index();
  const [pid = 0] = await ownChildren();
  process.kill(pid, 'SIGKILL');
  await waitFor('the process to be gone', async () => (await ownChildren()).length === 0);
  await expect(index()).resolves.toMatchObject({ filesTotal: 1, filesChanged: 0 });
});

test('one that is killed at work says what has happened', async () => {
  const failed = index().catch((error: unknown) => error);
  const pid = await waitFor('its process', async () => (await ownChildren())[0]);
  process.kill(pid, 'SIGKILL');
  const error = await failed;
  expect(error).toBeInstanceOf(IndexFailure);
  expect(String(error)).toMatch('its process was ended by SIGKILL');
});

test('an index that is not wanted any more is left at once', async () => {
  const controller = new AbortController();
  const running = index(controller.signal);
  controller.abort(new Error('the project was deleted'));
  await expect(running).rejects.toThrow('the project was deleted');
  expect(await ownChildren()).toEqual([]);
});
