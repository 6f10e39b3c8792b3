import { spawn } from 'node:child_process';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../error-code.ts';
import { controlGroupHierarchies, type Hierarchy } from './control-group-hierarchies.ts';

export interface Limits {
  /** Cores; `null`: unlimited. */
  cpus: number | null;
  /** Bytes; `null`: unlimited. */
  memory: number | null;
}

/** What the processes of a group use; `null`: these control groups do not count it. */
export interface GroupUsage {
  /** Since the group was made, those that are gone included. */
  cpuSeconds: number | null;
  /** Bytes, without cached files that nobody used for a while. */
  memoryBytes: number | null;
}

/** Control groups of Linux, one an instance: they hold its limits and know all its processes. */
export interface ControlGroups {
  /** Makes the group, or sets the limits of the one that is there. */
  create(name: string, limits: Limits): Promise<void>;
  /** Children that the process starts from now on are in the group, too. */
  add(name: string, pid: number): Promise<void>;
  members(name: string): Promise<number[]>;
  /** How often the kernel killed one of its processes for want of memory. */
  outOfMemoryKills(name: string): Promise<number>;
  usage(name: string): Promise<GroupUsage>;
  /** Only once it has no process. Not there: fine. */
  remove(name: string): Promise<void>;
  /** Removes the groups' parent unless instances are in it. */
  close(): Promise<void>;
}

/**
 * Finds out, by trying, whether this user may limit processes here. `instance` keeps apart the
 * groups of several BorgOS on one machine. `reason` says to a person why not.
 */
export async function openControlGroups(
  instance: string,
): Promise<{ groups: ControlGroups } | { groups: null; reason: string }> {
  if (process.platform !== 'linux') {
    return { groups: null, reason: `${process.platform} has no control groups` };
  }
  const problems: string[] = [];
  for (const hierarchies of await controlGroupHierarchies()) {
    const groups = controlGroups(hierarchies, `borgos-${instance}`);
    try {
      await tryOut(groups);
      return { groups };
    } catch (error) {
      await groups.close();
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  const problem = problems[0] ?? 'no control groups for cpu and memory are mounted';
  return { groups: null, reason: `BorgOS may not limit processes here: ${problem}` };
}

/** Whether directories can be made does not tell whether processes can be moved into them. */
async function tryOut(groups: ControlGroups): Promise<void> {
  const name = `try-${process.pid}`;
  const child = spawn('sleep', ['10'], { stdio: 'ignore' });
  const exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  try {
    await groups.create(name, { cpus: 1, memory: 64 * 1024 ** 2 });
    if (child.pid === undefined) throw new Error('sleep, a standard program, is missing');
    await groups.add(name, child.pid);
  } finally {
    child.kill('SIGKILL');
    await exited;
    await groups.remove(name);
  }
}

export function controlGroups(hierarchies: Hierarchy[], parent: string): ControlGroups {
  const directory = (hierarchy: Hierarchy, name: string) => join(hierarchy.path, parent, name);

  return {
    async create(name, limits) {
      for (const hierarchy of hierarchies) {
        if (hierarchy.version === 2) await delegate(hierarchy.path);
        await mkdir(join(hierarchy.path, parent), { recursive: true });
        if (hierarchy.version === 2) await delegate(join(hierarchy.path, parent));
        await mkdir(directory(hierarchy, name), { recursive: true });
        for (const { file, value, optional } of settingsOf(hierarchy, limits)) {
          await write(join(directory(hierarchy, name), file), value).catch((error: unknown) => {
            if (!optional || codeOf(error) !== 'ENOENT') throw error;
          });
        }
      }
    },

    async add(name, pid) {
      for (const hierarchy of hierarchies) {
        try {
          await write(join(directory(hierarchy, name), 'cgroup.procs'), String(pid));
        } catch (error) {
          // It is gone already: there is nothing left to limit.
          if (codeOf(error) !== 'ESRCH') throw error;
        }
      }
    },

    async members(name) {
      const pids = new Set<number>();
      for (const hierarchy of hierarchies) {
        const text = await read(join(directory(hierarchy, name), 'cgroup.procs'));
        for (const line of text.split('\n')) if (line !== '') pids.add(Number(line));
      }
      return [...pids];
    },

    async outOfMemoryKills(name) {
      for (const hierarchy of hierarchies) {
        if (!hierarchy.controllers.includes('memory')) continue;
        const file = hierarchy.version === 2 ? 'memory.events' : 'memory.oom_control';
        const text = await read(join(directory(hierarchy, name), file));
        return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
      }
      return 0;
    },

    async usage(name) {
      let usage: GroupUsage = { cpuSeconds: null, memoryBytes: null };
      for (const hierarchy of hierarchies) {
        const file = (file: string) => read(join(directory(hierarchy, name), file));
        usage = { ...usage, ...(await readUsage(hierarchy, file)) };
      }
      return usage;
    },

    async remove(name) {
      for (const hierarchy of hierarchies) await removeEmpty(directory(hierarchy, name));
    },

    async close() {
      // Refused as long as there are instances: then it has to stay.
      for (const hierarchy of hierarchies) {
        await rmdir(join(hierarchy.path, parent)).catch(() => {});
      }
    },
  };
}

async function readUsage(
  { version, controllers }: Hierarchy,
  file: (name: string) => Promise<string>,
): Promise<Partial<GroupUsage>> {
  if (version === 2) {
    const [cpu, memory, statistics] = await Promise.all(
      ['cpu.stat', 'memory.current', 'memory.stat'].map(file),
    );
    return {
      cpuSeconds: scaled(numberIn(cpu, /^usage_usec (\d+)$/m), 1e-6),
      memoryBytes: without(numberIn(memory), numberIn(statistics, /^inactive_file (\d+)$/m)),
    };
  }
  const usage: Partial<GroupUsage> = {};
  if (controllers.includes('cpuacct')) {
    usage.cpuSeconds = scaled(numberIn(await file('cpuacct.usage')), 1e-9);
  }
  if (controllers.includes('memory')) {
    const [memory, statistics] = await Promise.all(
      ['memory.usage_in_bytes', 'memory.stat'].map(file),
    );
    usage.memoryBytes = without(
      numberIn(memory),
      numberIn(statistics, /^total_inactive_file (\d+)$/m),
    );
  }
  return usage;
}

function numberIn(text: string | undefined, pattern = /^(\d+)$/m): number | null {
  const found = pattern.exec(text ?? '')?.[1];
  return found === undefined ? null : Number(found);
}

function scaled(value: number | null, factor: number): number | null {
  return value === null ? null : value * factor;
}

function without(total: number | null, part: number | null): number | null {
  return total === null ? null : Math.max(0, total - (part ?? 0));
}

/** Lets the children of a group have limits of their own. */
async function delegate(path: string): Promise<void> {
  const file = join(path, 'cgroup.subtree_control');
  const enabled = (await read(file)).trim().split(' ');
  if (enabled.includes('cpu') && enabled.includes('memory')) return;
  await write(file, '+cpu +memory');
}

const period = 100_000;

interface Setting {
  file: string;
  value: string;
  /** The kernel may be built or started without it. */
  optional?: boolean;
}

/**
 * Swap counts as memory: it would let an app go past its limit, and slow down the whole machine.
 */
function settingsOf({ version, controllers }: Hierarchy, { cpus, memory }: Limits): Setting[] {
  const quota = cpus === null ? null : Math.max(1_000, Math.round(cpus * period));
  if (version === 2) {
    return [
      { file: 'cpu.max', value: `${quota ?? 'max'} ${period}` },
      { file: 'memory.max', value: String(memory ?? 'max') },
      { file: 'memory.swap.max', value: memory === null ? 'max' : '0', optional: true },
    ];
  }
  const cpu: Setting[] = [
    { file: 'cpu.cfs_period_us', value: String(period) },
    { file: 'cpu.cfs_quota_us', value: String(quota ?? -1) },
  ];
  // Memory with swap may never be below memory, so it is opened before both are set.
  const withSwap = 'memory.memsw.limit_in_bytes';
  const bytes: Setting[] = [
    { file: withSwap, value: '-1', optional: true },
    { file: 'memory.limit_in_bytes', value: String(memory ?? -1) },
    { file: withSwap, value: String(memory ?? -1), optional: true },
  ];
  return [
    ...(controllers.includes('cpu') ? cpu : []),
    ...(controllers.includes('memory') ? bytes : []),
  ];
}

/** Never creates the file: in a group, what the kernel doesn't offer can't be made. */
async function write(file: string, value: string): Promise<void> {
  await writeFile(file, value, { flag: 'r+' });
}

/** The kernel lets a group go only a moment after its last process. */
async function removeEmpty(path: string): Promise<void> {
  const deadline = Date.now() + 2_000;
  for (;;) {
    try {
      return await rmdir(path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return;
      if (codeOf(error) !== 'EBUSY' || Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
