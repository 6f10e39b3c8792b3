import { lstatSync } from 'node:fs';
import path from 'node:path';

/** A file that a walk has found, as it is now. */
export interface FoundFile {
  /** Relative to the directory, with slashes. */
  path: string;
  /** In bytes. */
  size: number;
  /** In whole milliseconds since 1970. */
  modified: number;
}

/** @returns `undefined` where it has vanished since, or is no file any more */
export function findFile(directory: string, file: string): FoundFile | undefined {
  const stats = lstatSync(path.join(directory, file), { throwIfNoEntry: false });
  if (!stats?.isFile()) return undefined;
  return { path: file, size: stats.size, modified: Math.floor(stats.mtimeMs) };
}
