import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A tree of control groups, and the place in it where BorgOS may make its own. */
export interface Hierarchy {
  version: 1 | 2;
  path: string;
  controllers: string[];
}

/**
 * Where control groups for both cpu and memory may be made, the best place first; each is what has
 * to be used together: one tree of version 2, or one or two of version 1.
 *
 * The best place is the top: groups below that of BorgOS itself would be stopped together with its
 * service, while instances have to outlive it. Who is not root gets only what systemd delegates to
 * a user, so the groups around BorgOS's own are tried after it, from the outside.
 */
export async function controlGroupHierarchies(): Promise<Hierarchy[][]> {
  const mounts = await readMounts();
  const second = mounts.find((mount) => mount.type === 'cgroup2');
  const controllers = second ? await readWords(join(second.path, 'cgroup.controllers')) : [];
  if (second && controllers.includes('cpu') && controllers.includes('memory')) {
    const places = await surroundings(second.path);
    return places.map((path) => [{ version: 2, path, controllers }]);
  }
  const first = mounts.filter((mount) => mount.type === 'cgroup');
  const cpu = first.find((mount) => mount.options.includes('cpu'));
  const memory = first.find((mount) => mount.options.includes('memory'));
  if (cpu === undefined || memory === undefined) return [];
  const used = cpu === memory ? [cpu] : [cpu, memory];
  return [used.map(({ path, options }) => ({ version: 1, path, controllers: options }))];
}

interface Mount {
  path: string;
  type: string;
  options: string[];
}

/** A line is `31 23 0:28 / /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu`. */
async function readMounts(): Promise<Mount[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const path = left.split(' ')[4];
    const [type = '', , options = ''] = right.split(' ');
    if (path === undefined || !type.startsWith('cgroup')) return [];
    return [{ path, type, options: options.split(',') }];
  });
}

/** The top, then the groups around this process's own, from the outside. */
async function surroundings(top: string): Promise<string[]> {
  const text = await readFile('/proc/self/cgroup', 'utf8').catch(() => '');
  const own = /^0::(\/.*)$/m.exec(text)?.[1] ?? '/';
  const places: string[] = [];
  for (let path = own; path !== '/'; path = dirname(path)) places.unshift(join(top, path));
  return [top, ...places];
}

async function readWords(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8').catch(() => '')).trim().split(' ');
}
