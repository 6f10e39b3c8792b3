import { isTemporaryName } from './temporary-names.ts';

/**
 * How sure it is that a scan finds something: `listed` is a file that it has listed before,
 * `unlisted` a name that it has not, so one that is new, or ignored.
 */
export type Weight = 'listed' | 'unlisted';

export interface Seen {
  /** Relative to the root, with slashes; empty: the root itself. */
  path: string;
  weight: Weight;
}

/** What the last scan has found, relative to the root and with slashes. */
export interface Listed {
  directories: ReadonlySet<string>;
  /** `null`: not known. */
  files: ReadonlySet<string> | null;
}

/** What says that another commit is checked out or that git tracks something else. */
const gitSigns = new Set(['HEAD', 'index', 'logs/HEAD']);

/**
 * What an event of `fs.watch` says about a project; `undefined`: nothing.
 *
 * @param directory the one that is watched, relative to the root
 * @param name what the event names in it; `null` where the system does not say
 */
export function weighEvent(
  listed: Listed,
  directory: string,
  type: string,
  name: string | null,
): Seen | undefined {
  if (name === null) return { path: directory, weight: 'unlisted' };
  const path = directory === '' ? name : `${directory}/${name}`;
  if (listed.files?.has(path)) return { path, weight: 'listed' };
  if (isTemporaryName(name)) return undefined;
  // Windows says so of a directory when what is in it changes, whether that is ignored or not.
  // Linux tells of its times and rights as if it was renamed, which then costs one scan.
  if (listed.directories.has(path)) {
    return type === 'change' ? undefined : { path, weight: 'listed' };
  }
  return { path, weight: 'unlisted' };
}

/** The same for one watch of the whole tree, where `name` is a path below the root. */
export function weighRecursiveEvent(
  listed: Listed,
  type: string,
  name: string | null,
): Seen | undefined {
  if (name === null) return { path: '', weight: 'unlisted' };
  const path = name.replaceAll('\\', '/');
  if (path.startsWith('.git/')) return weighGitEvent(path.slice('.git/'.length));
  const slash = path.lastIndexOf('/');
  const directory = path.slice(0, Math.max(0, slash));
  // Ignored, or new: then its parent has told of it.
  if (!listed.directories.has(directory)) return undefined;
  return weighEvent(listed, directory, type, path.slice(slash + 1));
}

/** @param name relative to the repository's directory, with slashes */
export function weighGitEvent(name: string): Seen | undefined {
  return gitSigns.has(name) ? { path: `.git/${name}`, weight: 'listed' } : undefined;
}
