import { readdir, readFile } from 'node:fs/promises';
import type { ProcessTable } from './process-table.ts';

interface Stat {
  pid: number;
  state: string;
  parent: number;
  group: number;
  session: number;
  /** `0`: no terminal is its own. */
  terminal: number;
  /** Clock ticks since boot. */
  started: number;
}

/** The process table of Linux, read from `/proc`. */
export function linuxProcesses(): ProcessTable {
  let bootId: string | undefined;

  async function boot(): Promise<string> {
    bootId ??= (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    return bootId;
  }

  async function all(): Promise<Stat[]> {
    const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const stats = await inBatches(names, (name) => readStat(Number(name)));
    return stats.filter((stat) => stat !== null).filter(isLiving);
  }

  return {
    async identify(pid) {
      const stat = await readStat(pid);
      return stat && { pid, startedAt: `${await boot()}/${stat.started}` };
    },

    async isAlive({ pid, startedAt }) {
      const stat = await readStat(pid);
      return stat !== null && isLiving(stat) && startedAt === `${await boot()}/${stat.started}`;
    },

    async group(leader) {
      const stats = await all();
      return stats
        .filter((stat) => stat.group === leader || stat.session === leader)
        .map((stat) => stat.pid);
    },

    async marked(variable) {
      const stats = (await all()).sort((a, b) => a.started - b.started || a.pid - b.pid);
      const found = await inBatches(stats, async ({ pid }) => {
        const value = await readVariable(pid, variable);
        return value === null ? [] : [{ pid, value }];
      });
      return found.flat();
    },
  };
}

/** One that has exited stays in the table until its parent asks for it. */
function isLiving(stat: Stat): boolean {
  return stat.state !== 'Z' && stat.state !== 'X';
}

async function readStat(pid: number): Promise<Stat | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return text === null ? null : parseStat(text);
}

/** Of a `/proc/<pid>/stat`. */
export function parseStat(text: string): Stat {
  // The second field is the program's name, which may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid: Number.parseInt(text, 10),
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    terminal: Number(fields[4]),
    started: Number(fields[19]),
  };
}

/** `null` also for processes whose environment this user may not see: those are never ours. */
export async function readVariable(pid: number, variable: string): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  const start = `\0${text}`.indexOf(`\0${variable}=`);
  if (start < 0) return null;
  return text.slice(start + variable.length + 1).split('\0', 1)[0] ?? null;
}

/** A few at a time: a machine may have more processes than this one may open files. */
async function inBatches<T, R>(items: T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += 64) {
    results.push(...(await Promise.all(items.slice(start, start + 64).map(work))));
  }
  return results;
}
