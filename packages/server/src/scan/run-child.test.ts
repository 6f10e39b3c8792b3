import { readFile, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { waitFor } from '../testing/wait-for.ts';
import { runChild } from './run-child.ts';
import type { ScanProgress, ScanResult } from './scan-result.ts';
import { childProcessesOf, isGone } from './testing/child-processes.ts';

const waitMs = 60_000;

async function makeProject(files: Record<string, string>) {
  const project = await makeProjectFolder(files);
  const kept = await makeProjectFolder();
  onTestFinished(async () => {
    await project[Symbol.asyncDispose]();
    await kept[Symbol.asyncDispose]();
  });
  const memoryFile = path.join(kept.path, 'memory.bin');
  function scan(
    signal: AbortSignal = new AbortController().signal,
    deadlineMs = waitMs,
    onProgress: (progress: ScanProgress) => void = () => {},
  ): Promise<ScanResult> {
    const request = {
      directory: project.path,
      memoryFile,
      placesFile: path.join(kept.path, 'places'),
      searchPath: process.env.PATH,
      deployments: [],
    };
    return runChild('scan-child', request, { signal, deadlineMs, onProgress });
  }
  return { folder: project.path, memoryFile, scan };
}

/** Takes its parser some seconds. */
const slow = Object.fromEntries(
  Array.from({ length: 60 }, (_, n) => [
    `slow-${n}.py`,
    'def f(x):\n    return x\n'.repeat(10_000),
  ]),
);

const runningChild = () =>
  waitFor('a process to be there', async () => (await childProcessesOf(process.pid))[0], waitMs);

test(
  'a result of any size arrives whole, and is the same however the threads were',
  async () => {
    const names = Array.from({ length: 1_500 }, (_, n) => `part-${n % 7}/file-${n}.py`);
    const { scan, memoryFile } = await makeProject(
      Object.fromEntries(names.map((name, n) => [name, n % 5 === 0 ? 'x = (\n' : 'x = 1\n'])),
    );
    const progress: ScanProgress[] = [];
    const first = await scan(undefined, waitMs, (one) => progress.push(one));
    expect(first.paths?.toSorted()).toEqual(names.toSorted());
    expect(first).toMatchObject({ files_found: 1_500, files_read: 1_500, errors_found: 300 });
    const done = progress.map((one) => one.done);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toEqual({ stage: 'scoring', found: 1_500, done: 1_500 });
    await writeFile(memoryFile, 'not a memory');
    const { errors, files_read } = await scan();
    expect(files_read).toBe(1_500);
    expect(errors).toEqual(first.errors);
  },
  waitMs,
);

test(
  'what is known of the files is written again only if it is different',
  async () => {
    const { scan, folder, memoryFile } = await makeProject({
      'a.py': 'x = 1\n',
      'b.py': 'y = 1\n',
    });
    const old = new Date(Date.now() - 60_000);
    for (const name of ['a.py', 'b.py']) await utimes(path.join(folder, name), old, old);
    await scan();
    const { ino } = await stat(memoryFile);
    expect((await scan()).files_read).toBe(0);
    expect((await stat(memoryFile)).ino).toBe(ino);
    await writeFile(path.join(folder, 'b.py'), 'y = 2\n');
    expect((await scan()).files_read).toBe(1);
    expect((await stat(memoryFile)).ino).not.toBe(ino);
  },
  waitMs,
);

test(
  'the process is gone once it was cancelled or took too long',
  async () => {
    const { scan } = await makeProject(slow);
    const controller = new AbortController();
    const cancelled = scan(controller.signal);
    const child = await runningChild();
    controller.abort(new Error('not wanted any more'));
    await expect(cancelled).rejects.toThrow('not wanted any more');
    expect(await isGone(child)).toBe(true);
    await expect(scan(undefined, 50)).rejects.toThrow('It took longer than');
    expect(await childProcessesOf(process.pid)).toEqual([]);
  },
  waitMs,
);

test(
  'the process comes after others, and has nothing of the environment',
  async () => {
    process.env.BORGOS_CANARY = 'canary-secret';
    onTestFinished(() => {
      delete process.env.BORGOS_CANARY;
    });
    const { scan } = await makeProject(slow);
    const controller = new AbortController();
    let isReading = false;
    const cancelled = scan(controller.signal, waitMs, ({ stage }) => {
      isReading ||= stage === 'reading';
    });
    const child = await runningChild();
    await waitFor('it to read', async () => isReading, waitMs);
    if (process.platform === 'linux') {
      const environment = await readFile(`/proc/${child}/environ`, 'utf8');
      expect(environment).not.toContain('canary-secret');
      expect(environment).not.toContain('PATH=');
      const niceness = (await readFile(`/proc/${child}/stat`, 'utf8'))
        .split(') ')[1]
        ?.split(' ')[16];
      expect(Number(niceness)).toBeGreaterThanOrEqual(5);
    }
    controller.abort(new Error('seen enough'));
    await expect(cancelled).rejects.toThrow('seen enough');
  },
  waitMs,
);

test('a mistake of ours is told with its place in the code', async () => {
  const { folder } = await makeProject({ 'a.py': 'x = 1\n' });
  const wrong = { directory: folder, memoryFile: path.join(folder, 'm'), placesFile: null };
  const { signal } = new AbortController();
  await expect(runChild('scan-child', wrong, { signal, deadlineMs: waitMs })).rejects.toThrow(
    /In the process of scan-child: TypeError[\s\S]*read-project/,
  );
}, 60_000);
