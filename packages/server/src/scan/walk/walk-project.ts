import { lstatSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { gitDirectoryAt } from '../git/repository.ts';
import { isDependencyFolder, isMarkedAsMade } from './dependency-folders.ts';
import { type IgnoreLevel, isIgnored } from './ignore-rules.ts';
import { type Entry, listFolder } from './list-folder.ts';
import { type ProjectRules, readProjectRules } from './project-rules.ts';
import { reasonOf } from './read-regular-file.ts';
import type { UserFolders } from './user-ignore-file.ts';

export interface WalkLimits {
  /** Files found. Default: 200,000. */
  files: number;
  /** Names met, also those that are ignored. Default: 1,000,000. */
  entries: number;
  /** Folders below each other. Default: 64. */
  depth: number;
  /** Default: 60,000. */
  timeMs: number;
}

export interface WalkOptions {
  /** Once it says so, the walk throws an `AbortError`. */
  signal?: { readonly aborted: boolean };
  limits?: Partial<WalkLimits>;
  /** Called with the number of files each time that 1,000 more are found. */
  onProgress?: (found: number) => void;
  /** Milliseconds; default: those of the process. */
  now?: () => number;
  user?: UserFolders;
}

export interface Walk {
  /** Of the files, relative to the directory, with slashes. */
  paths: string[];
  /** Which limit has kept the walk from seeing everything. */
  truncated: null | 'files' | 'entries' | 'depth' | 'time';
  /** The first 100 of what could not be read. */
  unreadable: { path: string; reason: string }[];
  unreadableCount: number;
  /** FIFOs, sockets and devices: never opened. */
  special: number;
  /** Not followed, whether they lead to a file or a folder. */
  symlinks: number;
  /** Folders and files that are ignored; what is in such a folder is not counted. */
  ignored: number;
  /** Submodules and other repositories below the directory: no part of it. */
  repositories: number;
}

interface Folder {
  /** Relative, empty for the directory itself, else with a slash at its end. */
  path: string;
  /** The same from the root of the repository on, as ignore rules want it. */
  bytes: string;
  level: IgnoreLevel | undefined;
  /** Ignored as a whole, and entered only for what git tracks in it nevertheless. */
  onlyTracked: boolean;
}

const defaultLimits: WalkLimits = {
  files: 200_000,
  entries: 1_000_000,
  depth: 64,
  timeMs: 60_000,
};
const mostUnreadable = 100;
const progressStep = 1_000;
const workPerLook = 64;

class LimitReached extends Error {
  override name = 'LimitReached';
  readonly limit: 'files' | 'entries' | 'time';

  constructor(limit: 'files' | 'entries' | 'time') {
    super(limit);
    this.limit = limit;
  }
}

/**
 * The files of a project: those that `git ls-files -co --exclude-standard` lists and that are
 * there, symbolic links aside. Without a repository, `.gitignore` holds just the same, and folders
 * of dependencies are left out. Folders near the directory come first, so that a walk that is
 * truncated has seen what matters most.
 *
 * Reads nothing but names, `.gitignore` files, and git's own index, settings and ignore files; runs
 * nothing, follows no link. Synchronous: it belongs in a process of its own.
 *
 * @throws an `AbortError` once the signal says so; what cannot be read is reported instead.
 */
export function walkProject(directory: string, options: WalkOptions = {}): Walk {
  const limits: WalkLimits = { ...defaultLimits, ...options.limits };
  const now = options.now ?? (() => performance.now());
  const deadline = now() + limits.timeMs;
  const root = realDirectory(directory);
  const inRoot = root.endsWith('/') ? root : `${root}/`;
  const walk = emptyWalk();
  let entries = 0;
  let work = 0;

  function look(): void {
    if (options.signal?.aborted) throw new DOMException('The walk was aborted', 'AbortError');
    if (now() > deadline) throw new LimitReached('time');
  }

  function onWork(): void {
    work += 1;
    if (work % workPerLook === 0) look();
  }

  function onUnreadable(where: string, reason: string): void {
    walk.unreadableCount += 1;
    if (walk.unreadable.length < mostUnreadable) walk.unreadable.push({ path: where, reason });
  }

  function addFile(file: string): void {
    if (walk.paths.length === limits.files) throw new LimitReached('files');
    walk.paths.push(file);
    if (walk.paths.length % progressStep === 0) options.onProgress?.(walk.paths.length);
  }

  function list(folder: Folder): Entry[] {
    try {
      const { size } = lstatSync(inRoot + folder.path);
      return listFolder(inRoot + folder.path, size, (count) => {
        onWork();
        return entries + count <= limits.entries;
      });
    } catch (error) {
      if (error instanceof LimitReached || error instanceof DOMException) throw error;
      onUnreadable(folder.path.slice(0, -1) || '.', reasonOf(error));
      return [];
    }
  }

  /** Adds what is in a folder. Returns the folders to go on with. */
  function walkFolder(folder: Folder, rules: ProjectRules): Folder[] {
    look();
    const found = list(folder);
    if (folder.path !== '' && !isPartOfProject(folder, found, rules)) return [];
    const level = found.some((entry) => entry.name === '.gitignore' && entry.isFile())
      ? rules.enter(inRoot + folder.path, folder.bytes.length, folder.level)
      : folder.level;
    const siblings = rules.repository ? undefined : new Set(found.map(({ name }) => name));

    function isOut(bytes: string, isFolder: boolean): boolean {
      return folder.onlyTracked || isIgnored(level, bytes, folder.bytes.length, isFolder, onWork);
    }
    const below: Folder[] = [];
    for (const entry of found) {
      const { name } = entry;
      if (name === '.git') continue;
      entries += 1;
      if (entries > limits.entries) throw new LimitReached('entries');
      onWork();
      const where = folder.path + name;
      if (entry.isDirectory()) {
        const bytes = folder.bytes + rules.bytesOf(entry);
        const onlyTracked =
          isOut(bytes, true) || (siblings !== undefined && isDependencyFolder(name, siblings));
        if (rules.tracked.repositories.has(where)) walk.repositories += 1;
        else if (onlyTracked && !rules.tracked.folders.has(where)) walk.ignored += 1;
        else if (entry.lostBytes !== undefined) onUnreadable(where, 'its name is not UTF-8');
        else below.push({ path: `${where}/`, bytes: `${bytes}/`, level, onlyTracked });
      } else if (
        !rules.tracked.files.has(where) &&
        isOut(folder.bytes + rules.bytesOf(entry), false)
      ) {
        walk.ignored += 1;
      } else if (entry.lostBytes !== undefined) {
        onUnreadable(where, 'its name is not UTF-8');
      } else if (entry.isFile()) {
        addFile(where);
      } else if (entry.isSymbolicLink()) {
        walk.symlinks += 1;
      } else {
        walk.special += 1;
      }
    }
    return below;
  }

  function isPartOfProject(folder: Folder, found: Entry[], rules: ProjectRules): boolean {
    if (!rules.repository && isMarkedAsMade(found)) {
      walk.ignored += 1;
      return false;
    }
    // git lists the tracked files of a folder even if somebody has made a repository of it later.
    const isRepository =
      found.some(({ name }) => name === '.git') &&
      !rules.tracked.folders.has(folder.path.slice(0, -1)) &&
      gitDirectoryAt(inRoot + folder.path) !== undefined;
    if (isRepository) walk.repositories += 1;
    return !isRepository;
  }

  try {
    const rules = readProjectRules(root, {
      user: options.user,
      onUnreadable: (file, reason) => onUnreadable(path.relative(root, file), reason),
      onWork,
    });
    let folders: Folder[] = [
      { path: '', bytes: rules.prefix, level: rules.level, onlyTracked: rules.isIgnored },
    ];
    for (let depth = 0; folders.length > 0; depth++) {
      const below: Folder[] = [];
      for (const folder of folders) for (const next of walkFolder(folder, rules)) below.push(next);
      folders = below;
      if (depth === limits.depth && folders.length > 0) {
        walk.truncated = 'depth';
        break;
      }
    }
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
    walk.truncated = error.limit;
  }
  return walk;
}

function realDirectory(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    // The walk will say why.
    return path.resolve(directory);
  }
}

function emptyWalk(): Walk {
  return {
    paths: [],
    truncated: null,
    unreadable: [],
    unreadableCount: 0,
    special: 0,
    symlinks: 0,
    ignored: 0,
    repositories: 0,
  };
}
