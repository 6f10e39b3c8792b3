import path from 'node:path';
import { findRepository, ignoresCase, type Repository } from '../git/repository.ts';
import { lowerAscii } from './glob.ts';
import { type IgnoreLevel, isIgnored, parseIgnoreRules } from './ignore-rules.ts';
import { bytesOf, type Entry } from './list-folder.ts';
import { readRegularFile, reasonOf } from './read-regular-file.ts';
import { nothingTracked, readTrackedPaths, type TrackedPaths } from './tracked-paths.ts';
import { type UserFolders, userIgnoreFile } from './user-ignore-file.ts';

const mostBytesOfOne = 1_048_576;
/** Of all together: rules stay in memory for as long as a folder waits that they hold in. */
const mostBytesOfAll = 8 * 1_048_576;

export interface ProjectRules {
  /** `undefined`: the directory is not a part of a repository. */
  repository: Repository | undefined;
  tracked: TrackedPaths;
  /** The bytes of a name as the rules want them. */
  bytesOf(entry: Entry): string;
  /** The bytes of the directory's path in the repository, empty or with a slash at the end. */
  prefix: string;
  /** What holds in the directory before its own `.gitignore`. */
  level: IgnoreLevel | undefined;
  /** It is ignored as a whole: only tracked files of it belong to the repository. */
  isIgnored: boolean;
  /** The level below `above` if the folder, whose path has `base` bytes, has rules of its own. */
  enter(folder: string, base: number, above: IgnoreLevel | undefined): IgnoreLevel | undefined;
}

/** Reads the rules that hold in a directory before the walk begins. */
export function readProjectRules(
  directory: string,
  options: {
    user?: UserFolders | undefined;
    onUnreadable(file: string, reason: string): void;
    onWork(): void;
  },
): ProjectRules {
  let bytesLeft = mostBytesOfAll;
  const repository = findRepository(directory);
  const ignoreCase = repository !== undefined && ignoresCase(repository.config);

  function read(
    file: string,
    base: number,
    above: IgnoreLevel | undefined,
    follow = false,
  ): IgnoreLevel | undefined {
    try {
      const text = readRegularFile(file, Math.min(mostBytesOfOne, bytesLeft), { follow });
      bytesLeft -= text?.length ?? 0;
      const rules = text && parseIgnoreRules(text, ignoreCase);
      return rules ? { rules, base, above } : above;
    } catch (error) {
      options.onUnreadable(file, reasonOf(error));
      return above;
    }
  }

  // git does not follow a link here: it could name any file of the machine.
  const enter: ProjectRules['enter'] = (folder, base, above) =>
    read(path.join(folder, '.gitignore'), base, above);
  const foldCase = (bytes: string) => (ignoreCase ? lowerAscii(bytes) : bytes);
  const bytesOfEntry = (entry: Entry) => foldCase(entry.lostBytes ?? bytesOf(entry.name));
  const ofUser = read(userIgnoreFile(options.user), 0, undefined, true);
  const alone: ProjectRules = {
    repository: undefined,
    tracked: nothingTracked,
    bytesOf: bytesOfEntry,
    prefix: '',
    level: ofUser,
    isIgnored: false,
    enter,
  };
  if (!repository) return alone;

  let level = read(path.join(repository.commonDirectory, 'info/exclude'), 0, ofUser, true);
  const prefix = foldCase(bytesOf(repository.prefix));
  let isOut = false;
  let folder = repository.workTree;
  let base = 0;
  for (const name of repository.prefix.split('/').slice(0, -1)) {
    level = enter(folder, base, level);
    const end = base + bytesOf(name).length;
    isOut ||= isIgnored(level, prefix.slice(0, end), base, true, options.onWork);
    folder = path.join(folder, name);
    base = end + 1;
  }
  let tracked = nothingTracked;
  try {
    tracked = readTrackedPaths(repository);
  } catch (error) {
    options.onUnreadable(path.join(repository.gitDirectory, 'index'), reasonOf(error));
  }
  // Such as a project in a home whose settings are kept in git: it is on its own.
  if (isOut && tracked.files.size === 0) return alone;
  return { ...alone, repository, tracked, prefix, level, isIgnored: isOut };
}
