import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { readRegularFile } from '../walk/read-regular-file.ts';
import { type GitConfig, isTrue, lastOf, parseGitConfig } from './git-config.ts';

const mostConfigBytes = 1_048_576;

export interface Repository {
  /** The real path of the folder with `.git` in it. */
  workTree: string;
  /** Where HEAD and the index are. */
  gitDirectory: string;
  /** Where the refs, objects and settings are: another one in a worktree. */
  commonDirectory: string;
  /** The path of what was asked for in the work tree: empty, or with a slash at its end. */
  prefix: string;
  config: GitConfig;
}

/**
 * The repository that a directory lies in, found by its own look at the files, as `git` would run
 * what the settings of a repository name. A bare one is none: it has no files of a project.
 */
export function findRepository(directory: string): Repository | undefined {
  let real: string;
  try {
    real = realpathSync(directory);
  } catch {
    return undefined;
  }
  for (let folder = real; ; folder = path.dirname(folder)) {
    const gitDirectory = gitDirectoryAt(folder);
    if (gitDirectory) {
      const commonDirectory = commonDirectoryOf(gitDirectory);
      const below = path.relative(folder, real);
      return {
        workTree: folder,
        gitDirectory,
        commonDirectory,
        prefix: below === '' ? '' : `${below}/`,
        config: readConfig(path.join(commonDirectory, 'config')),
      };
    }
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** The repository's directory that `.git` in a folder is or, as in a worktree, names. */
export function gitDirectoryAt(folder: string): string | undefined {
  const dotGit = path.join(folder, '.git');
  try {
    const stats = statSync(dotGit, { throwIfNoEntry: false });
    if (!stats) return undefined;
    if (stats.isDirectory()) return isGitDirectory(dotGit) ? dotGit : undefined;
    if (!stats.isFile()) return undefined;
    const text = readRegularFile(dotGit, 65_536, { follow: true })?.toString() ?? '';
    const target = /^gitdir: (.+?)[\r\n]*$/.exec(text)?.[1];
    if (!target) return undefined;
    const directory = path.resolve(folder, target);
    return isGitDirectory(directory) ? directory : undefined;
  } catch {
    return undefined;
  }
}

export function usesSha256(config: GitConfig): boolean {
  return lastOf(config, 'extensions.objectformat')?.toLowerCase() === 'sha256';
}

export function ignoresCase(config: GitConfig): boolean {
  return isTrue(lastOf(config, 'core.ignorecase'));
}

function readConfig(file: string): GitConfig {
  try {
    return parseGitConfig(
      readRegularFile(file, mostConfigBytes, { follow: true })?.toString() ?? '',
    );
  } catch {
    return new Map();
  }
}

/** By the three signs that git goes by. */
function isGitDirectory(directory: string): boolean {
  const head = path.join(directory, 'HEAD');
  const stats = lstatSync(head, { throwIfNoEntry: false });
  if (!stats) return false;
  const isHead = stats.isSymbolicLink()
    ? readlinkSync(head).startsWith('refs/')
    : /^(?:ref:\s*refs\/|[0-9a-f]{40})/.test(readRegularFile(head, 65_536)?.toString() ?? '');
  const common = commonDirectoryOf(directory);
  return (
    isHead && isDirectory(path.join(common, 'objects')) && isDirectory(path.join(common, 'refs'))
  );
}

function commonDirectoryOf(gitDirectory: string): string {
  const file = readRegularFile(path.join(gitDirectory, 'commondir'), 65_536);
  return file ? path.resolve(gitDirectory, file.toString().trimEnd()) : gitDirectory;
}

function isDirectory(directory: string): boolean {
  return statSync(directory, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
