import { realpath } from 'node:fs/promises';
import { codeOf } from '../walk/read-regular-file.ts';

/**
 * Adds the real path of each project; `null` where there is nothing. What cannot be looked at, such
 * as in a folder of somebody else, counts as being there.
 */
export async function lookUpPaths<T extends { path: string }>(
  projects: readonly T[],
): Promise<(T & { real_path: string | null })[]> {
  const found: (T & { real_path: string | null })[] = [];
  for (const project of projects) found.push({ ...project, real_path: await find(project.path) });
  return found;
}

async function find(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '') ? null : path;
  }
}
