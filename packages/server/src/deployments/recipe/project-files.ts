import { constants } from 'node:fs';
import { type FileHandle, lstat, open, opendir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { ReleaseFailure } from '../../errors.ts';

/** More than any manifest that a person writes; also the most that one look at a file can cost. */
const largestFile = 1024 * 1024;
/** A folder of more entries is read up to here: what tells the stack stands among a few. */
const largestFolder = 5000;

export interface FolderEntry {
  name: string;
  kind: 'file' | 'directory';
}

/**
 * A project as a detector sees it: small files, looked at one by one. Paths are relative, with
 * slashes. What is missing, isn't a plain file or folder, or lies outside of the project, by a
 * symlink or by `..`, is not there. Every method throws `ReleaseFailure` STACK_NOT_FOUND for what is
 * there but can't be read, and the signal's reason.
 */
export interface ProjectFiles {
  /** A whole file as text, without a byte order mark; over 1 MiB it throws. */
  read(path: string): Promise<string | undefined>;
  /** The first `bytes` of a file, for those of which only the top matters. */
  head(path: string, bytes: number): Promise<string | undefined>;
  isFile(path: string): Promise<boolean>;
  isDirectory(path: string): Promise<boolean>;
  /** The files and folders in a folder, sorted, `[]` if it isn't one; symlinks are left out. */
  list(path: string): Promise<FolderEntry[]>;
}

/** Throws `ReleaseFailure` SOURCE_MISSING if the directory is not there. */
export async function openProject(directory: string, signal?: AbortSignal): Promise<ProjectFiles> {
  const root = await findRoot(directory);

  /** The real path, so that what is opened is what was found to lie inside. */
  async function resolve(path: string): Promise<string | undefined> {
    signal?.throwIfAborted();
    const target = await attempt(path, () => realpath(join(root, path)));
    const inside = target === root || target?.startsWith(root.endsWith(sep) ? root : root + sep);
    return inside ? target : undefined;
  }

  async function kindOf(path: string): Promise<'file' | 'directory' | undefined> {
    const target = await resolve(path);
    const stats = target && (await attempt(path, () => lstat(target)));
    if (!stats) return undefined;
    return stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : undefined;
  }

  async function head(path: string, bytes: number): Promise<string | undefined> {
    const target = await resolve(path);
    if (target === undefined) return undefined;
    // NONBLOCK: opening a fifo would wait for its writer, maybe for ever.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    return attempt(path, async () => {
      const file = await open(target, flags);
      try {
        return (await file.stat()).isFile() ? await readUpTo(file, bytes) : undefined;
      } finally {
        await file.close();
      }
    });
  }

  return {
    head,
    async read(path) {
      const text = await head(path, largestFile + 1);
      if (text !== undefined && Buffer.byteLength(text) > largestFile) {
        throw new ReleaseFailure(
          'STACK_NOT_FOUND',
          `${path} is larger than 1 MiB, so it was not read. Make it smaller, or add a Dockerfile, which comes before it.`,
        );
      }
      return text;
    },
    isFile: async (path) => (await kindOf(path)) === 'file',
    isDirectory: async (path) => (await kindOf(path)) === 'directory',
    async list(path) {
      const target = await resolve(path);
      if (target === undefined || (await kindOf(path)) !== 'directory') return [];
      return (await attempt(path, () => readFolder(target))) ?? [];
    },
  };
}

async function findRoot(directory: string): Promise<string> {
  const root = await attempt('', () => realpath(directory));
  const stats = await attempt('', () => stat(directory));
  if (root !== undefined && stats?.isDirectory()) return root;
  throw new ReleaseFailure(
    'SOURCE_MISSING',
    `The project's directory ${directory} is not there. Create it, or correct the project's path.`,
  );
}

async function readUpTo(file: FileHandle, bytes: number): Promise<string> {
  const buffer = Buffer.alloc(bytes);
  let length = 0;
  while (length < bytes) {
    const { bytesRead } = await file.read(buffer, length, bytes - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.toString('utf8', 0, length).replace(/^\uFEFF/, '');
}

async function readFolder(target: string): Promise<FolderEntry[]> {
  const entries: FolderEntry[] = [];
  let seen = 0;
  for await (const entry of await opendir(target)) {
    if (++seen > largestFolder) break;
    if (entry.isFile()) entries.push({ name: entry.name, kind: 'file' });
    else if (entry.isDirectory()) entries.push({ name: entry.name, kind: 'directory' });
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Names of which nothing can be there: a detector may ask for what a manifest says. */
const absent = new Set([
  'ENOENT',
  'ENOTDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'ENXIO',
  'ERR_INVALID_ARG_VALUE',
]);

async function attempt<T>(path: string, action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (absent.has(code)) return undefined;
    throw new ReleaseFailure(
      'STACK_NOT_FOUND',
      `${path || 'The directory of the project'} can't be read (${code || error}). Give BorgOS the permission to read it.`,
      { cause: error },
    );
  }
}
