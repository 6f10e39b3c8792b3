import { dirname, join } from 'node:path';
import { searchPath as recipeSearchPath } from '../../deployments/recipe.ts';

/** Marks the processes of an instance, so that they are found even if BorgOS never noted them. */
export const instanceMarker = 'BORGOS_INSTANCE';
/** Marks the processes of a build. */
export const buildMarker = 'BORGOS_BUILD';

/** Where programs are looked for when BorgOS isn't told. */
export const standardSearchPath =
  '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin';

/**
 * The search path of a release: what was installed in it, then what the machine has, then the Node
 * that runs BorgOS, for machines that have none. What npm put there when it started
 * BorgOS is taken out: a project would find BorgOS's own tools instead of missing its own.
 */
function searchPathOf(release: string, machine: string): string {
  const own = machine
    .split(':')
    .filter((folder) => folder.startsWith('/') && !folder.includes('/node_modules/'));
  const installed = recipeSearchPath.map((folder) => join(release, folder));
  return [...installed, ...own, dirname(process.execPath)].join(':');
}

/** What every process gets of BorgOS: nothing of BorgOS's own environment, which has secrets. */
export function baseEnvironment(options: {
  release: string;
  home: string;
  searchPath: string;
}): Record<string, string> {
  return {
    PATH: searchPathOf(options.release, options.searchPath),
    HOME: options.home,
    TMPDIR: join(options.home, 'tmp'),
    LANG: 'C.UTF-8',
  };
}
