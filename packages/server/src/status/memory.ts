import { readFile } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import path from 'node:path';

interface Memory {
  /** Bytes that cannot be had without taking them from somebody. */
  used: number;
  total: number;
}

/**
 * How much of the memory is used that this process may use, in percent: of the machine, or of the
 * tightest limit of a container around it.
 * @param root where the system's files are; another one in tests
 */
export async function memoryPercent(root = '/'): Promise<number> {
  const machine = (await readMachine(root)) ?? { used: totalmem() - freemem(), total: totalmem() };
  const groups = await readGroups(root);
  // A limit above what the machine has limits nothing.
  const tightest = groups
    .filter(({ total }) => total < machine.total)
    .reduce((least, group) => (group.total < least.total ? group : least), machine);
  return Math.min(100, Math.max(0, (100 * tightest.used) / tightest.total));
}

async function readMachine(root: string): Promise<Memory | undefined> {
  const text = await readText(path.join(root, 'proc/meminfo'));
  const kilobytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]);
  const total = kilobytes('MemTotal');
  // Not what is free: the kernel fills that with caches, and gives them back when needed.
  const available = kilobytes('MemAvailable');
  if (Number.isNaN(total + available)) return undefined;
  return { used: (total - available) * 1024, total: total * 1024 };
}

/** The limits of the control groups around this process, of version 1 or 2. */
async function readGroups(root: string): Promise<Memory[]> {
  const lines = (await readText(path.join(root, 'proc/self/cgroup'))).split('\n');
  const groups = lines.flatMap((line) => {
    const [, controllers = '', ...rest] = line.split(':');
    const group = rest.join(':');
    if (controllers === '' && group) return ancestors(group).map((one) => readVersion2(root, one));
    if (controllers.split(',').includes('memory')) {
      return ancestors(group).map((one) => readVersion1(root, one));
    }
    return [];
  });
  return (await Promise.all(groups)).filter((memory) => memory !== undefined);
}

/**
 * A group and those that it is in, up to the root: each may have a limit. In a container the path
 * may be that on the host while the files of the container's own group lie at the root.
 */
function ancestors(group: string): string[] {
  const all = [group];
  for (let one = group; one !== '/' && one !== '.'; ) {
    one = path.posix.dirname(one);
    all.push(one);
  }
  return all;
}

async function readVersion2(root: string, group: string): Promise<Memory | undefined> {
  const directory = path.join(root, 'sys/fs/cgroup', group);
  const limit = await readNumber(path.join(directory, 'memory.max'));
  const usage = await readNumber(path.join(directory, 'memory.current'));
  return withoutCache(directory, 'inactive_file', limit, usage);
}

async function readVersion1(root: string, group: string): Promise<Memory | undefined> {
  const directory = path.join(root, 'sys/fs/cgroup/memory', group);
  const limit = await readNumber(path.join(directory, 'memory.limit_in_bytes'));
  const usage = await readNumber(path.join(directory, 'memory.usage_in_bytes'));
  return withoutCache(directory, 'total_inactive_file', limit, usage);
}

/** The group's use without file caches that would be dropped first, as `docker stats` shows it. */
async function withoutCache(
  directory: string,
  field: string,
  limit: number,
  usage: number,
): Promise<Memory | undefined> {
  // No file, or the word `max`: no limit.
  if (Number.isNaN(limit + usage) || limit === 0) return undefined;
  const statistics = await readText(path.join(directory, 'memory.stat'));
  const cache = Number(new RegExp(`^${field} (\\d+)`, 'm').exec(statistics)?.[1] ?? 0);
  return { used: usage - cache, total: limit };
}

async function readNumber(file: string): Promise<number> {
  const text = (await readText(file)).trim();
  return text === '' ? Number.NaN : Number(text);
}

/** The text of a file, or nothing where the system has no such file. */
async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
