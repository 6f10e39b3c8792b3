import { type FSWatcher, statSync } from 'node:fs';
import path from 'node:path';
import type { Announcer } from './announcer.ts';
import type { Listed, Seen } from './weigh-event.ts';
import { weighEvent, weighGitEvent, weighRecursiveEvent } from './weigh-event.ts';

/** `fs.watch`, as far as it is used. */
export type Watch = (
  directory: string,
  options: { persistent: boolean; recursive: boolean },
  listener: (type: string, name: string | null) => void,
) => FSWatcher;

export interface Directories {
  /** Absolute. */
  root: string;
  /**
   * Those that the last scan has entered, so none that is ignored; relative to the root, with
   * slashes, `''` is the root itself. Those that they lie in are added.
   */
  paths: string[];
  /** The files that the last scan has found, in the same way; kept as it is, not copied. */
  files: ReadonlySet<string> | null;
  /** Where HEAD and the index are; default: `.git` in the root. `null`: nowhere. */
  gitDirectory?: string | null;
  /**
   * When the last scan began to look, in milliseconds since 1970. A directory that was not watched
   * and has changed since then counts as a change.
   */
  walkedAt?: number;
}

/** One call of `fs.watch`. */
interface Target {
  /** Absolute. */
  directory: string;
  weigh(type: string, name: string | null): Seen | undefined;
  /** Relative to the root; `undefined`: it is no directory of the project, and may be missing. */
  path: string | undefined;
  recursive: boolean;
}

export interface WatchedProject {
  readonly announcer: Announcer;
  /** What is watched, or is about to be. */
  targets: readonly Target[];
  walkedAt: number | undefined;
  open: Map<string, FSWatcher>;
  /** Of directories of the project, how many are not watched because of an error, and the last. */
  missed: { count: number; code: string };
  /** Why it is not watched at all. */
  refusal: string | undefined;
  isRemoved: boolean;
  /** Somebody is about to open and close what is not as it should be. */
  isAdapting: boolean;
}

/** What has to be watched so that a change in any of the directories is seen. */
export function targetsOf(directories: Directories, recursive: boolean): Target[] {
  const { root, files } = directories;
  const paths = withParents(directories.paths);
  const listed: Listed = { directories: paths, files };
  if (recursive) {
    return [
      {
        directory: root,
        weigh: (type, name) => weighRecursiveEvent(listed, type, name),
        path: '',
        recursive,
      },
    ];
  }
  const targets: Target[] = [...paths].map((relative) => ({
    directory: path.join(root, relative),
    weigh: (type, name) => weighEvent(listed, relative, type, name),
    path: relative,
    recursive,
  }));
  return [...targets, ...gitTargetsOf(directories)];
}

/**
 * HEAD and the index alone would do, but the index is also written by `git status`. The log of HEAD
 * tells of commits and nothing else.
 */
function gitTargetsOf({ root, gitDirectory = path.join(root, '.git') }: Directories): Target[] {
  if (gitDirectory === null) return [];
  return ['', 'logs/'].map((below) => ({
    directory: path.join(gitDirectory, below),
    weigh: (_type, name) => weighGitEvent(`${below}${name}`),
    path: undefined,
    recursive: false,
  }));
}

function withParents(paths: string[]): Set<string> {
  const all = new Set(['']);
  for (const relative of paths) {
    for (let part = relative; !all.has(part); part = parentOf(part)) all.add(part);
  }
  return all;
}

function parentOf(relative: string): string {
  return relative.slice(0, Math.max(0, relative.lastIndexOf('/')));
}

/**
 * Watches one target, in place of what was watched there before: that may have been another
 * directory of the same name. To the system the same directory is the same watch, so that no event
 * is lost in between.
 *
 * @throws what `fs.watch` throws
 */
export function openTarget(project: WatchedProject, target: Target, watch: Watch): void {
  const before = project.open.get(target.directory);
  try {
    const watcher = watch(
      target.directory,
      { persistent: false, recursive: target.recursive },
      (type, name) => {
        const seen = project.isRemoved ? undefined : target.weigh(type, name);
        if (seen) project.announcer.see(seen);
      },
    );
    // Without a listener it would end the process. Windows says so that the directory is gone.
    watcher.on('error', () => {
      watcher.close();
      if (project.open.get(target.directory) !== watcher) return;
      project.open.delete(target.directory);
      if (target.path !== undefined) announceUnlisted(project, target.path);
    });
    project.open.set(target.directory, watcher);
  } catch (error) {
    project.open.delete(target.directory);
    throw error;
  } finally {
    before?.close();
  }
  if (!before && hasChangedSince(project.walkedAt, target)) {
    announceUnlisted(project, target.path ?? '');
  }
}

function announceUnlisted(project: WatchedProject, path: string): void {
  if (!project.isRemoved) project.announcer.see({ path, weight: 'unlisted' });
}

function hasChangedSince(walkedAt: number | undefined, { directory, path }: Target): boolean {
  if (walkedAt === undefined || path === undefined) return false;
  try {
    return (statSync(directory, { throwIfNoEntry: false })?.mtimeMs ?? 0) > walkedAt;
  } catch {
    return false;
  }
}
