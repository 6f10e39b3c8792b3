import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { diskPercent } from './disk.ts';
import { memoryPercent } from './memory.ts';

const meminfo = 'MemTotal:       1000 kB\nMemFree:          10 kB\nMemAvailable:    600 kB\n';
const kilobyte = 1024;

/** A folder with the files that a system would have under `/`. */
async function makeRoot(files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), 'borgos-memory-'));
  onTestFinished(() => rm(root, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), text);
  }
  return root;
}

test('caches of the machine are not used memory', async () => {
  expect(await memoryPercent(await makeRoot({ 'proc/meminfo': meminfo }))).toBe(40);
});

test('a limit of control groups 2 below the memory of the machine is the whole', async () => {
  const root = await makeRoot({
    'proc/meminfo': meminfo,
    'proc/self/cgroup': '0::/\n',
    'sys/fs/cgroup/memory.max': `${200 * kilobyte}\n`,
    'sys/fs/cgroup/memory.current': `${150 * kilobyte}\n`,
    'sys/fs/cgroup/memory.stat': `anon 1\ninactive_file ${50 * kilobyte}\n`,
  });
  expect(await memoryPercent(root)).toBe(50);
});

test('a limit of a group further out counts as well', async () => {
  const root = await makeRoot({
    'proc/meminfo': meminfo,
    'proc/self/cgroup': '0::/system.slice/borgos.service\n',
    'sys/fs/cgroup/system.slice/borgos.service/memory.max': 'max\n',
    'sys/fs/cgroup/system.slice/borgos.service/memory.current': '5\n',
    'sys/fs/cgroup/system.slice/memory.max': `${100 * kilobyte}\n`,
    'sys/fs/cgroup/system.slice/memory.current': `${90 * kilobyte}\n`,
  });
  expect(await memoryPercent(root)).toBe(90);
});

test('a limit of control groups 1 is found where a container has it', async () => {
  const root = await makeRoot({
    'proc/meminfo': meminfo,
    'proc/self/cgroup': '5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': `${500 * kilobyte}\n`,
    'sys/fs/cgroup/memory/memory.usage_in_bytes': `${400 * kilobyte}\n`,
    'sys/fs/cgroup/memory/memory.stat': `cache 1\ntotal_inactive_file ${100 * kilobyte}\n`,
  });
  expect(await memoryPercent(root)).toBe(60);
});

test('no limit, written as a huge number, limits nothing', async () => {
  const root = await makeRoot({
    'proc/meminfo': meminfo,
    'proc/self/cgroup': '4:memory:/\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    'sys/fs/cgroup/memory/memory.usage_in_bytes': '5\n',
  });
  expect(await memoryPercent(root)).toBe(40);
});

test('a system without these files is measured too', async () => {
  const percent = await memoryPercent(await makeRoot({ none: '' }));
  expect(percent).toBeGreaterThan(0);
  expect(percent).toBeLessThan(100);
});

test('a disk is as full as df says', async () => {
  const { stdout } = await promisify(execFile)('df', ['--output=pcent', tmpdir()]);
  const shown = Number(/(\d+)%/.exec(stdout)?.[1]);
  const percent = await diskPercent(tmpdir());
  // df rounds up; a file may have been written meanwhile.
  expect(Math.abs(Math.ceil(percent) - shown)).toBeLessThanOrEqual(1);
});
