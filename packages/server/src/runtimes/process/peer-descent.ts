import { readFileSync, readlinkSync } from 'node:fs';
import { parseStat } from './linux-processes.ts';
import type { Brand } from './peer-brand.ts';
import { buildMarker, instanceMarker } from './process-environment.ts';

export interface Signs {
  /** The id of this BorgOS. */
  instance: string;
  /** Where releases and their homes lie, absolute. */
  folders: string[];
  brand: Brand;
}

/** Far more than a process has ancestors. */
const mostRelatives = 256;
const marks = [instanceMarker, buildMarker];

/**
 * Tells of a process of Linux whether it came from what some BorgOS deployed or builds; also `true`
 * when it is gone. It did if it has one of these signs, or a relative of it has: an ancestor, or the
 * first process of its group or session.
 *
 * - The mark in its environment. Lost in another environment.
 * - A control group of an instance. Lost if the user may move processes to other groups.
 * - The brand, see there. Lost by root, and in the first milliseconds, before it is put on.
 * - It works in a release, or its program lies there, and it has no terminal, as a person has.
 *
 * An app that is meant to can still get past all of this, as it runs as the same user: it can let
 * somebody else call (systemd, cron, a debugger, the database), or read the keys of BorgOS.
 */
export function createDescent(signs: Signs): (pid: number) => boolean {
  return (pid) => {
    const relatives = new Set([pid]);
    for (const relative of relatives) {
      // BorgOS and what is above it started all that is deployed, and all else of its children.
      if (relative <= 1 || relative === process.pid) continue;
      const stat = read(relative, 'stat');
      if (stat === '' && relative === pid) return true;
      if (stat === '') continue;
      const { parent, group, session, terminal } = parseStat(stat);
      if (hasSign(relative, terminal !== 0, signs)) return true;
      if (relatives.size >= mostRelatives) return true;
      for (const next of [parent, group, session]) relatives.add(next);
    }
    return false;
  };
}

function hasSign(pid: number, atTerminal: boolean, { instance, folders, brand }: Signs): boolean {
  const environment = `\0${read(pid, 'environ')}`;
  if (marks.some((mark) => environment.includes(`\0${mark}=`))) return true;
  if (isInGroup(read(pid, 'cgroup'), instance)) return true;
  if (brand.isIn(read(pid, 'limits'))) return true;
  if (atTerminal) return false;
  const places = ['cwd', 'exe'].map((name) => target(pid, name));
  return folders.some((folder) => places.some((place) => `${place}/`.startsWith(`${folder}/`)));
}

/** Groups are called `borgos-<id>/<instance>`, at the top or below another group. */
function isInGroup(groups: string, instance: string): boolean {
  const ids = [...groups.matchAll(/\/borgos-([^/\n]+)\/[^/\n]/g)].map(([, id = '']) => id);
  return ids.some((id) => id === instance || /^[0-9a-f]{6}$/.test(id));
}

/** Not waited for, as it is a matter of microseconds. */
function read(pid: number, file: string): string {
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
