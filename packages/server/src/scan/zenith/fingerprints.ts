import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { remoteAddress } from '../git/remote-address.ts';
import type { Repository } from '../git/repository.ts';
import { createRunGit } from '../git/run-git.ts';

export interface Fingerprints {
  /**
   * What stays the same of a project when its folder is moved: the commit that its history begins
   * with, where it comes from, and where in the repository it lies, hashed. `null` where there is
   * no commit yet, the clone is shallow (its beginning is not known), or git does not answer.
   */
  of(directory: string, repository: Repository): Promise<string | null>;
}

/** Runs git once a repository: the facts that a scan gathers would compare every file. */
export function createFingerprints(options: {
  /** Where `git` is looked for, as in `PATH`. */
  searchPath?: string | undefined;
  /** How long an answer of git may take. */
  remainingMs(): number;
}): Fingerprints {
  const rootCommits = new Map<string, Promise<string | null>>();

  async function readRootCommit(repository: Repository): Promise<string | null> {
    if (existsSync(path.join(repository.commonDirectory, 'shallow'))) return null;
    const git = createRunGit(repository, options);
    const { output } = await git('rev-list', '--first-parent', '--max-parents=0', 'HEAD', '--');
    return /^[0-9a-f]{40,64}$/m.exec(output)?.[0] ?? null;
  }

  return {
    async of(directory, repository) {
      const key = repository.gitDirectory;
      const reading = rootCommits.get(key) ?? readRootCommit(repository);
      rootCommits.set(key, reading);
      const rootCommit = await reading;
      if (rootCommit === null) return null;
      const remote = placeOf(remoteAddress(repository.config) ?? '');
      const subpath = path.relative(repository.workTree, directory);
      return createHash('sha256').update([rootCommit, remote, subpath].join('\0')).digest('hex');
    },
  };
}

/** `https://host/a/b.git` and `host:a/b` are the same place. */
function placeOf(address: string): string {
  return address
    .replace(/^[a-z][\w+.-]*:\/\//i, '')
    .replace(/^([^/:]+):(?!\d+\/)/, '$1/')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .replace(/^[^/]+/, (host) => host.toLowerCase());
}
