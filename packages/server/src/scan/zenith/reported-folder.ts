import { lstatSync } from 'node:fs';
import path from 'node:path';
import { isDependencyFolder } from '../walk/dependency-folders.ts';
import { listFolder } from '../walk/list-folder.ts';
import type { SearchBudget } from './search-budget.ts';

/** Within a reported folder, as deep as a file is looked for. */
const mostLevels = 3;
const none: ReadonlySet<string> = new Set();

/**
 * Why a folder that only a report names is no project; `undefined`: it is one. It must lie in the
 * root without a link on the way, not too deep, in no hidden or dependency folder, and hold a file.
 *
 * @throws LimitReached
 */
export function faultOfReported(
  root: string,
  relative: string,
  budget: SearchBudget,
): string | undefined {
  const parts = relative.split('/');
  if (parts.length > budget.depth) return `it lies more than ${budget.depth} folders deep`;
  if (parts.some((part) => part.startsWith('.'))) return 'it lies in a hidden folder';
  if (parts.some((part) => isDependencyFolder(part, none))) return 'it lies in a dependency folder';
  let folder = root;
  for (const part of parts) {
    folder = path.join(folder, part);
    const stats = lstatSync(folder, { throwIfNoEntry: false });
    if (stats?.isSymbolicLink()) return 'there is a link on the way to it';
    if (!stats?.isDirectory()) return 'there is no such folder';
  }
  return hasFile(folder, budget) ? undefined : 'there are no files in it';
}

function hasFile(start: string, budget: SearchBudget): boolean {
  let folders = [start];
  for (let level = 0; level < mostLevels; level++) {
    const below: string[] = [];
    for (const folder of folders) {
      budget.look();
      const entries = entriesOf(folder, budget);
      budget.spend(entries.length);
      if (entries.some((entry) => entry.isFile())) return true;
      for (const entry of entries) {
        const isPart = entry.isDirectory() && !entry.name.startsWith('.');
        if (isPart && entry.lostBytes === undefined) below.push(path.join(folder, entry.name));
      }
    }
    folders = below;
  }
  return false;
}

function entriesOf(folder: string, budget: SearchBudget) {
  try {
    return listFolder(folder, lstatSync(folder).size, budget.hasLeft);
  } catch {
    // What cannot be read holds no file for us.
    return [];
  }
}
