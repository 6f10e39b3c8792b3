import { basename } from 'node:path/posix';
import type { SearchedProject } from '../code-engine.ts';

/**
 * How a project's repository may be called in Zoekt: as the project is, or as its folder is, which
 * is what `zoekt-index` calls it. Folders may stand before it, as in `github.com/acme/shop`, which
 * is what `zoekt-git-index` takes from the address of the remote.
 */
export function repositoryNames({ name, path }: SearchedProject): string[] {
  return [...new Set([name, basename(path)])].filter((one) => one !== '');
}

/** Finds the project of a repository: the nearest name wins, then the oldest project. */
export function createRepositoryLookup(
  projects: readonly SearchedProject[],
): (repository: string) => SearchedProject | undefined {
  const oldestFirst = [...projects].sort((a, b) => a.id - b.id);
  const known = new Map<string, SearchedProject | undefined>();
  return (repository) => {
    if (!known.has(repository)) known.set(repository, nearest(repository, oldestFirst));
    return known.get(repository);
  };
}

function nearest(
  repository: string,
  projects: readonly SearchedProject[],
): SearchedProject | undefined {
  const last = basename(repository);
  const ways: ((project: SearchedProject) => boolean)[] = [
    ({ name }) => name === repository,
    ({ path }) => path.endsWith(`/${repository}`),
    // `github.com/acme/shop` in `/srv/acme/shop`
    ({ path }) => path.endsWith(`/${repository.split('/').slice(-2).join('/')}`),
    ({ name }) => name === last,
    ({ path }) => basename(path) === last,
  ];
  for (const isIt of ways) {
    const found = projects.find(isIt);
    if (found) return found;
  }
  return undefined;
}
