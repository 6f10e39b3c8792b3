import { execFile } from 'node:child_process';
import { watch as watchDirectory } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { makeProjectFolder } from '../../testing/project-folder.ts';
import { waitFor } from '../../testing/wait-for.ts';
import { createProjectWatch, type ProjectWatchOptions } from './project-watch.ts';
import { createManualClock } from './testing/manual-clock.ts';
import type { Directories, Watch } from './watched-project.ts';

const run = promisify(execFile);
const sentinelId = 99;

/**
 * A watch of real folders with a clock of its own. A folder besides tells when the events of what
 * was done before have all arrived: the system gives them in order.
 */
async function setUp(options: Partial<ProjectWatchOptions> = {}) {
  const clock = createManualClock();
  const sentinel = await makeProjectFolder();
  const announced: number[] = [];
  const warnings: { fields: object; message: string }[] = [];
  let arrived = 0;
  let written = 0;
  const watch: Watch = (directory, watchOptions, listener) =>
    (options.watch ?? watchDirectory)(directory, watchOptions, (type, name) => {
      listener(type, name);
      if (directory === sentinel.path && name === `sentinel-${written}`) arrived = written;
    });
  const watching = createProjectWatch({
    log: { warn: (fields, message) => warnings.push({ fields, message }) },
    onChange: (projectId) => {
      if (projectId !== sentinelId) announced.push(projectId);
    },
    clock,
    ...options,
    watch,
  });

  async function set(projectId: number, directories: Directories): Promise<void> {
    watching.set(projectId, directories);
    // What is set later is done later.
    watching.set(sentinelId, { root: sentinel.path, paths: [''], files: null, gitDirectory: null });
    written += 1;
    await waitFor('the watch', async () => {
      await writeFile(path.join(sentinel.path, `sentinel-${written}`), '');
      return arrived === written;
    });
  }

  /** What was announced for all that was done since. */
  async function settle(): Promise<number[]> {
    written += 1;
    await writeFile(path.join(sentinel.path, `sentinel-${written}`), '');
    await waitFor('the events', async () => arrived === written);
    clock.advance(61_000);
    return announced.splice(0);
  }

  return {
    clock,
    watching,
    warnings,
    set,
    settle,
    [Symbol.asyncDispose]: async () => {
      watching.close();
      await sentinel[Symbol.asyncDispose]();
    },
  };
}

/** Directories that the kernel watches for this process. */
async function countKernelWatches(): Promise<number> {
  let count = 0;
  for (const name of await readdir('/proc/self/fdinfo')) {
    const text = await readFile(`/proc/self/fdinfo/${name}`, 'utf8').catch(() => '');
    count += text.split('\n').filter((line) => line.startsWith('inotify wd:')).length;
  }
  return count;
}

async function makeDirectories(root: string, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, number) => `folder-${number}`);
  await Promise.all(names.map((name) => mkdir(path.join(root, name))));
  return names;
}

const onLinux = test.runIf(process.platform === 'linux');

test.each([
  ['a file is written', (root: string) => writeFile(path.join(root, 'src/a.ts'), 'changed')],
  ['a file is made', (root: string) => writeFile(path.join(root, 'src/b.ts'), 'new')],
  ['a file is deleted', (root: string) => unlink(path.join(root, 'src/a.ts'))],
  [
    'a file is renamed',
    (root: string) => rename(path.join(root, 'src/a.ts'), path.join(root, 'src/c.ts')),
  ],
  [
    'a file is saved by way of another one',
    async (root: string) => {
      await writeFile(path.join(root, 'src/a.ts~'), 'changed');
      await rename(path.join(root, 'src/a.ts~'), path.join(root, 'src/a.ts'));
    },
  ],
  [
    'a directory is made',
    (root: string) => mkdir(path.join(root, 'src/deep/new/er'), { recursive: true }),
  ],
  [
    'a directory is renamed',
    (root: string) => rename(path.join(root, 'src/deep'), path.join(root, 'src/d')),
  ],
  ['a directory is deleted', (root: string) => rm(path.join(root, 'src'), { recursive: true })],
  ['the whole project is deleted', (root: string) => rm(root, { recursive: true })],
  [
    'something changes deep down',
    (root: string) => writeFile(path.join(root, 'src/deep/x.ts'), 'y'),
  ],
])('it is announced once when %s', async (_, change) => {
  await using folder = await makeProjectFolder({ 'src/a.ts': 'a', 'src/deep/x.ts': 'x' });
  await using watch = await setUp();
  const files = new Set(['src/a.ts', 'src/deep/x.ts']);
  // The parents of a directory are watched, too.
  await watch.set(1, { root: folder.path, paths: ['src/deep'], files });
  expect(await watch.settle()).toEqual([]);
  await change(folder.path);
  expect(await watch.settle()).toEqual([1]);
  expect(await watch.settle()).toEqual([]);
});

test('what is not in the list, or temporary, is no change', async () => {
  await using folder = await makeProjectFolder({ 'src/a.ts': 'a', 'node_modules/m/index.js': '' });
  await using watch = await setUp();
  await watch.set(1, {
    root: folder.path,
    paths: ['', 'src'],
    files: new Set(['src/a.ts']),
  });
  await folder.write({
    'node_modules/m/index.js': 'changed',
    'node_modules/m/new.js': '',
    'src/.a.ts.swp': '',
    '.DS_Store': '',
  });
  expect(await watch.settle()).toEqual([]);
});

test('what is made in a new directory is seen once that is in the list', async () => {
  await using folder = await makeProjectFolder({ 'a.ts': 'a' });
  await using watch = await setUp();
  await watch.set(1, { root: folder.path, paths: [''], files: null });
  await folder.write({ 'one/two/b.ts': 'b' });
  expect(await watch.settle()).toEqual([1]);
  await watch.set(1, { root: folder.path, paths: ['', 'one', 'one/two'], files: null });
  await folder.write({ 'one/two/b.ts': 'changed' });
  expect(await watch.settle()).toEqual([1]);
});

test('what was made in a directory after the scan and before the watch is a change', async () => {
  await using folder = await makeProjectFolder({ 'src/a.ts': 'a' });
  await using watch = await setUp();
  const directories = { root: folder.path, paths: ['', 'src'], files: null };
  await watch.set(1, { ...directories, walkedAt: Date.now() + 60_000 });
  expect(await watch.settle()).toEqual([]);
  await watch.set(2, { ...directories, walkedAt: Date.now() - 60_000 });
  expect(await watch.settle()).toEqual([2]);
  // What was watched all the time would have told.
  await watch.set(2, { ...directories, walkedAt: Date.now() - 60_000 });
  expect(await watch.settle()).toEqual([]);
});

test('a directory that took the place of another is the one that is watched', async () => {
  await using folder = await makeProjectFolder({ 'src/deep/a.ts': 'a' });
  await using watch = await setUp();
  const directories = { root: folder.path, paths: ['', 'src', 'src/deep'], files: null };
  await watch.set(1, directories);
  await rename(path.join(folder.path, 'src'), path.join(folder.path, 'old'));
  await folder.write({ 'src/deep/a.ts': 'a' });
  expect(await watch.settle()).toEqual([1]);
  await watch.set(1, directories);
  await folder.write({ 'old/deep/a.ts': 'no one looks' });
  expect(await watch.settle()).toEqual([]);
  await folder.write({ 'src/deep/a.ts': 'changed' });
  expect(await watch.settle()).toEqual([1]);
});

test('a commit, a switch of branches and `git init` are announced, other work of git is not', async () => {
  await using folder = await makeProjectFolder({ 'a.ts': 'a' });
  await using watch = await setUp();
  const git = (...args: string[]) =>
    run('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
      cwd: folder.path,
    });
  const directories = { root: folder.path, paths: [''], files: new Set(['a.ts']) };
  await watch.set(1, directories);
  await git('init', '--quiet');
  expect(await watch.settle()).toEqual([1]);
  await watch.set(1, directories);
  await git('add', 'a.ts');
  await git('commit', '--quiet', '-m', 'one');
  expect(await watch.settle()).toEqual([1]);
  await watch.set(1, directories);
  await git('commit', '--quiet', '--allow-empty', '-m', 'two');
  expect(await watch.settle()).toEqual([1]);
  await git('checkout', '--quiet', '-b', 'other');
  expect(await watch.settle()).toEqual([1]);
  await writeFile(path.join(folder.path, '.git/index.lock'), '');
  await unlink(path.join(folder.path, '.git/index.lock'));
  await git('config', 'user.name', 'b');
  await git('branch', 'third');
  expect(await watch.settle()).toEqual([]);
});

test('the repository of a project may lie elsewhere', async () => {
  await using folder = await makeProjectFolder({ 'app/a.ts': 'a', 'git/HEAD': 'one' });
  await using watch = await setUp();
  await watch.set(1, {
    root: path.join(folder.path, 'app'),
    paths: [''],
    files: null,
    gitDirectory: path.join(folder.path, 'git'),
  });
  await folder.write({ 'git/FETCH_HEAD': '' });
  expect(await watch.settle()).toEqual([]);
  await folder.write({ 'git/HEAD': 'two' });
  expect(await watch.settle()).toEqual([1]);
});

test('5,000 files written at once are one change', async () => {
  await using folder = await makeProjectFolder();
  await using watch = await setUp();
  await watch.set(1, { root: folder.path, paths: [''], files: new Set() });
  for (let from = 0; from < 5_000; from += 100) {
    await Promise.all(
      Array.from({ length: 100 }, (_, file) =>
        writeFile(path.join(folder.path, `file-${from + file}`), 'text'),
      ),
    );
  }
  expect(await watch.settle()).toEqual([1]);
  watch.clock.advance(10_000_000);
  expect(await watch.settle()).toEqual([]);
});

test('an ignored log that is always written causes a scan an hour; a source file does at once', async () => {
  await using folder = await makeProjectFolder({ 'a.ts': 'a' });
  await using watch = await setUp();
  await watch.set(1, { root: folder.path, paths: [''], files: new Set(['a.ts']) });
  let scans = 0;
  for (let minute = 0; minute < 600; minute++) {
    await writeFile(path.join(folder.path, 'app.log'), `${minute}`);
    const count = (await watch.settle()).length;
    scans += count;
    if (count > 0) watch.watching.nothingChanged(1);
  }
  expect(scans).toBeGreaterThan(9);
  expect(scans).toBeLessThan(17);
  await folder.write({ 'a.ts': 'changed' });
  expect(await watch.settle()).toEqual([1]);
});

test('more directories than are allowed are not watched, and it says so', async () => {
  await using folder = await makeProjectFolder();
  await using watch = await setUp({ limits: { directories: 13, directoriesOfProject: 6 } });
  const names = await makeDirectories(folder.path, 20);
  const directories = (count: number) => ({
    root: folder.path,
    paths: names.slice(0, count),
    files: null,
    gitDirectory: null,
  });
  const watched = (id: number) => watch.watching.watched.get(id);
  await watch.set(1, directories(5));
  expect(watched(1)).toEqual({ directories: 6, reason: null });
  await watch.set(1, directories(6));
  expect(watched(1)).toEqual({
    directories: 0,
    reason: expect.stringContaining('It has 7 directories, and at most 6 of a project'),
  });
  await watch.set(1, directories(20));
  expect(watched(1)?.reason).toContain('It has 20 directories');
  await watch.set(1, directories(5));
  await watch.set(2, directories(4));
  await watch.set(3, directories(3));
  expect(watched(2)).toEqual({ directories: 5, reason: null });
  expect(watched(3)).toEqual({
    directories: 0,
    reason: expect.stringContaining('more than the 13 that are watched in all'),
  });
  watch.watching.remove(1);
  await watch.set(3, directories(3));
  expect(watched(3)).toEqual({ directories: 4, reason: null });
});

test('at the limit of the system the largest project is given up for the others', async () => {
  await using folder = await makeProjectFolder();
  const names = await makeDirectories(folder.path, 30);
  let open = 0;
  // The kernel's limit holds for the whole user, so a test must not use it up.
  const limited: Watch = (directory, options, listener) => {
    if (open === 25) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    open += 1;
    const watcher = watchDirectory(directory, options, listener);
    const close = watcher.close.bind(watcher);
    watcher.close = () => {
      open -= 1;
      close();
    };
    return watcher;
  };
  await using watch = await setUp({ watch: limited });
  const directories = (from: number, to: number) => ({
    root: path.join(folder.path),
    paths: names.slice(from, to),
    files: null,
    gitDirectory: null,
  });
  await watch.set(1, directories(0, 8));
  await watch.set(2, directories(10, 21));
  expect(watch.warnings).toEqual([]);
  watch.watching.set(3, directories(21, 29));
  await waitFor('the third', async () => watch.watching.watched.get(3)?.directories === 9);
  const { watched } = watch.watching;
  expect(watched.get(1)).toEqual({ directories: 9, reason: null });
  expect(watched.get(2)).toEqual({
    directories: 0,
    reason: expect.stringContaining('sysctl fs.inotify.max_user_watches'),
  });
  expect(watch.warnings).toEqual([
    {
      fields: { project: 2, directories: 12, code: 'ENOSPC' },
      message: expect.stringContaining('sysctl fs.inotify.max_user_watches=524288'),
    },
  ]);
  await watch.set(2, directories(10, 21));
  expect(watch.watching.watched.get(2)?.directories).toBe(0);
  expect(watch.warnings).toHaveLength(1);
  await writeFile(path.join(folder.path, 'folder-2/a.ts'), '');
  expect(await watch.settle()).toEqual([1]);
});

test('where nothing can be watched at all, nothing is, and that is said once', async () => {
  await using folder = await makeProjectFolder();
  const warnings: string[] = [];
  const watching = createProjectWatch({
    onChange: () => {},
    log: { warn: (_, message) => warnings.push(message) },
    watch: () => {
      throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    },
  });
  for (const id of [1, 2, 3]) watching.set(id, { root: folder.path, paths: [''], files: null });
  await waitFor('all', async () =>
    [...watching.watched.values()].every(({ reason }) => reason?.includes('EMFILE')),
  );
  expect(warnings).toEqual([expect.stringContaining('max_user_instances')]);
  watching.close();
});

test('what may not be read is left out, and it says so', async () => {
  await using folder = await makeProjectFolder({ 'secret/a.ts': 'a', 'src/a.ts': 'a' });
  await using watch = await setUp();
  await chmod(folder.path, 0o755);
  await chmod(path.join(folder.path, 'secret'), 0);
  // Root may read everything, so it is somebody else for a moment.
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    watch.watching.set(1, { root: folder.path, paths: ['secret', 'src'], files: null });
    await waitFor('the reason', async () =>
      watch.watching.watched.get(1)?.reason?.includes('EACCES'),
    );
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});

test('what is gone is left out, and it says so', async () => {
  await using folder = await makeProjectFolder({ 'src/a.ts': 'a' });
  await using watch = await setUp();
  await watch.set(1, { root: folder.path, paths: ['gone', 'src'], files: null });
  expect(watch.watching.watched.get(1)).toEqual({
    directories: 2,
    reason: expect.stringContaining('1 of its directories cannot be watched (the last: ENOENT)'),
  });
  await watch.set(2, { root: path.join(folder.path, 'gone'), paths: [], files: null });
  expect(watch.watching.watched.get(2)?.directories).toBe(0);
});

test('an error of a watch is a change of that directory, and does no harm', async () => {
  await using folder = await makeProjectFolder({ 'src/a.ts': 'a' });
  const watchers: ReturnType<typeof watchDirectory>[] = [];
  await using watch = await setUp({
    watch: (directory, options, listener) => {
      const watcher = watchDirectory(directory, options, listener);
      if (directory.endsWith('src')) watchers.push(watcher);
      return watcher;
    },
  });
  await watch.set(1, { root: folder.path, paths: ['src'], files: null });
  for (const watcher of watchers) {
    watcher.emit('error', Object.assign(new Error('operation not permitted'), { code: 'EPERM' }));
  }
  expect(watch.watching.watched.get(1)?.directories).toBe(1);
  expect(await watch.settle()).toEqual([1]);
});

test('what is removed or closed is not announced any more', async () => {
  await using folder = await makeProjectFolder();
  await using watch = await setUp();
  const directories = { root: folder.path, paths: [''], files: null };
  await watch.set(1, directories);
  await watch.set(2, directories);
  await folder.write({ 'a.ts': '' });
  watch.watching.remove(1);
  await folder.write({ 'b.ts': '' });
  expect(await watch.settle()).toEqual([2]);
  expect([...watch.watching.watched.keys()]).not.toContain(1);
  watch.watching.remove(1);
  watch.watching.changed(1);
  watch.watching.nothingChanged(1);
  watch.watching.close();
  watch.watching.close();
  watch.watching.set(1, directories);
  expect(watch.watching.watched.size).toBe(0);
  expect(watch.clock.pending).toBe(0);
});

onLinux('removing and closing give all watches back to the system', async () => {
  await using folder = await makeProjectFolder();
  const names = await makeDirectories(folder.path, 300);
  const before = await countKernelWatches();
  {
    await using watch = await setUp();
    const root = folder.path;
    for (const id of [1, 2]) {
      await watch.set(id, { root: path.join(root, `folder-${id}`), paths: [], files: null });
      await watch.set(id, { root, paths: names.slice(100 * id, 100 * id + 100), files: null });
    }
    // The root is watched for both, and the folder that tells when all is done.
    expect(await countKernelWatches()).toBe(before + 202);
    await watch.set(2, { root, paths: names.slice(200, 210), files: null });
    expect(await countKernelWatches()).toBe(before + 112);
    watch.watching.remove(1);
    await waitFor('the removal', async () => (await countKernelWatches()) === before + 12);
    // Closed while one is being set, and one being removed.
    watch.watching.set(3, { root, paths: names, files: null });
    watch.watching.remove(2);
  }
  expect(await countKernelWatches()).toBe(before);
});

onLinux('deleted and set again, over and over, nothing is left behind', async () => {
  await using folder = await makeProjectFolder();
  await using watch = await setUp();
  const before = await countKernelWatches();
  for (let round = 0; round < 20; round++) {
    await folder.write({ 'src/deep/a.ts': '' });
    await watch.set(1, { root: folder.path, paths: ['src/deep'], files: null });
    await rm(path.join(folder.path, 'src'), { recursive: true });
  }
  watch.watching.remove(1);
  await watch.set(2, { root: path.join(folder.path, 'gone'), paths: [], files: null });
  expect(await countKernelWatches()).toBe(before + 1);
});

test('with one watch of the whole tree the same is announced', async () => {
  await using folder = await makeProjectFolder({ 'src/a.ts': 'a', 'node_modules/m.js': '' });
  await using watch = await setUp({ recursive: true });
  const files = new Set(['src/a.ts']);
  await watch.set(1, { root: folder.path, paths: ['', 'src'], files });
  await folder.write({ 'node_modules/m.js': 'changed' });
  expect(await watch.settle()).toEqual([]);
  await folder.write({ 'src/a.ts': 'changed' });
  expect(await watch.settle()).toEqual([1]);
  expect(watch.watching.watched.get(1)).toEqual({ directories: 1, reason: null });
});
