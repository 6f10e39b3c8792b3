import { homedir } from 'node:os';
import path from 'node:path';
import { lastOf, parseGitConfig } from '../git/git-config.ts';
import { readRegularFile } from './read-regular-file.ts';

/** Where the settings of git are of the user that the server runs as. */
export interface UserFolders {
  /** Default: the user's home. */
  home?: string;
  /** Default: `.config` in the home; `XDG_CONFIG_HOME`. */
  configHome?: string;
}

const mostConfigBytes = 1_048_576;

/**
 * The file of what the user of this machine never wants in any repository: `core.excludesFile` of
 * the machine's or the user's own settings, or git's default. What a repository's settings say is
 * not asked: they would make us read whatever file they name.
 */
export function userIgnoreFile({
  home = homedir(),
  configHome = path.join(home, '.config'),
}: UserFolders = {}): string {
  let named: string | undefined;
  for (const file of [
    '/etc/gitconfig',
    path.join(configHome, 'git/config'),
    path.join(home, '.gitconfig'),
  ]) {
    try {
      const text = readRegularFile(file, mostConfigBytes, { follow: true })?.toString() ?? '';
      named = lastOf(parseGitConfig(text), 'core.excludesfile') ?? named;
    } catch {
      // Another user's: git passes over it, too.
    }
  }
  if (!named) return path.join(configHome, 'git/ignore');
  return path.resolve(home, named.startsWith('~/') ? named.slice(2) : named);
}
