import { readFileSync, readlinkSync } from 'node:fs';
import { parseStat } from './linux-processes.ts';
import type { Brand } from './peer-brand.ts';

export interface Signs {
  /** The id of this BorgOS. */
  instance: string;
  /** The environment variables by which what is started is known. */
  markers: readonly string[];
  /** Where what is started works, and may lie itself; absolute. */
  folders: string[];
  brand: Brand;
}

/** Far more than a process has ancestors. */
const mostRelatives = 256;

/**
 * Tells of a process of Linux whether it came from what some BorgOS deployed or builds, or from one
 * of its agents; also `true` when it is gone. It did if it has one of these signs, or a relative of
 * it has: an ancestor, or the first process of its group or session.
 *
 * - A mark in its environment. Lost in another environment. One that this BorgOS has itself says
 *   nothing: an agent that tries out its changes of BorgOS is the user of what it starts.
 * - A control group of an instance. Lost if the user may move processes to other groups.
 * - The brand, see there. Lost by root, and in the first milliseconds, before it is put on.
 * - It works in a release or a worktree, or its program lies there, and it has no terminal, as a
 *   person has.
 *
 * A program that is meant to can still get past all of this, as it runs as the same user: it can let
 * somebody else call (systemd, cron, a debugger, the database), or read the keys of BorgOS.
 */
export function createDescent(signs: Signs): (pid: number) => boolean {
  const own = marksOf('self', signs.markers);
  return (pid) => {
    const relatives = new Set([pid]);
    for (const relative of relatives) {
      // BorgOS and what is above it started all that is deployed, and all else of its children.
      if (relative <= 1 || relative === process.pid) continue;
      const stat = read(relative, 'stat');
      if (stat === '' && relative === pid) return true;
      if (stat === '') continue;
      const { parent, group, session, terminal } = parseStat(stat);
      if (marksOf(relative, signs.markers).some((mark) => !own.includes(mark))) return true;
      if (hasSign(relative, terminal !== 0, signs)) return true;
      if (relatives.size >= mostRelatives) return true;
      for (const next of [parent, group, session]) relatives.add(next);
    }
    return false;
  };
}

function hasSign(pid: number, atTerminal: boolean, { instance, folders, brand }: Signs): boolean {
  if (isInGroup(read(pid, 'cgroup'), instance)) return true;
  if (brand.isIn(read(pid, 'limits'))) return true;
  if (atTerminal) return false;
  const places = ['cwd', 'exe'].map((name) => target(pid, name));
  return folders.some((folder) => places.some((place) => `${place}/`.startsWith(`${folder}/`)));
}

/** As `name=value`. */
function marksOf(pid: number | 'self', markers: readonly string[]): string[] {
  const environment = read(pid, 'environ');
  if (!markers.some((marker) => environment.includes(`${marker}=`))) return [];
  return environment
    .split('\0')
    .filter((variable) => markers.some((marker) => variable.startsWith(`${marker}=`)));
}

/** Groups are called `borgos-<id>/<instance>`, at the top or below another group. */
function isInGroup(groups: string, instance: string): boolean {
  const ids = [...groups.matchAll(/\/borgos-([^/\n]+)\/[^/\n]/g)].map(([, id = '']) => id);
  return ids.some((id) => id === instance || /^[0-9a-f]{6}$/.test(id));
}

/** Not waited for, as it is a matter of microseconds. */
function read(pid: number | 'self', file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function target(pid: number, link: string): string {
  try {
    return readlinkSync(`/proc/${pid}/${link}`);
  } catch {
    return '';
  }
}
