import { fileType, gitLink, visitGitIndex } from '../git/git-index.ts';
import type { Repository } from '../git/repository.ts';

/** What git tracks below a directory, with paths relative to it. */
export interface TrackedPaths {
  readonly files: ReadonlySet<string>;
  /** The folders with tracked files in them, at any depth. */
  readonly folders: ReadonlySet<string>;
  /** Submodules. */
  readonly repositories: ReadonlySet<string>;
}

export const nothingTracked: TrackedPaths = {
  files: new Set(),
  folders: new Set(),
  repositories: new Set(),
};

/** @throws if the index cannot be read. */
export function readTrackedPaths(repository: Repository): TrackedPaths {
  const files = new Set<string>();
  const folders = new Set<string>();
  const repositories = new Set<string>();
  const { prefix } = repository;
  let lastFolder = '';
  visitGitIndex(repository, (entry, mode) => {
    if (!entry.startsWith(prefix)) return;
    const path = entry.slice(prefix.length);
    if ((mode & fileType) === gitLink) repositories.add(path);
    else files.add(path);
    // The index is in order, so that most files lie where the one before them does.
    let end = path.lastIndexOf('/');
    if (end < 0 || path.slice(0, end) === lastFolder) return;
    lastFolder = path.slice(0, end);
    for (; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  });
  return { files, folders, repositories };
}
