import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
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

/**
 * Where the programs of the machine have what they need, when that is the home of their user: a
 * release has a home of its own, in which rustup's `cargo` would find no toolchain.
 * @param rustupHome what BorgOS was started with, if anything
 */
export async function machineEnvironment(
  rustupHome = join(homedir(), '.rustup'),
): Promise<Record<string, string>> {
  return access(rustupHome).then(
    () => ({ RUSTUP_HOME: rustupHome }),
    () => ({}),
  );
}

/**
 * Downloads of package managers, shared by all builds: each release would keep its own, or they
 * would end up in the home of the machine's user.
 * @param mavenOptions what the user set: it comes last, and so wins
 */
export function cacheEnvironment(cache: string, mavenOptions = ''): Record<string, string> {
  // Maven takes its options apart at spaces.
  const repository = /\s/.test(cache) ? '' : `-Dmaven.repo.local=${join(cache, 'maven')}`;
  const options = `${repository} ${mavenOptions}`.trim();
  return {
    npm_config_cache: join(cache, 'npm'),
    PIP_CACHE_DIR: join(cache, 'pip'),
    CARGO_HOME: join(cache, 'cargo'),
    ...(options && { MAVEN_OPTS: options }),
  };
}

/** What every process gets of BorgOS: nothing of BorgOS's own environment, which has secrets. */
export function baseEnvironment(options: {
  release: string;
  home: string;
  searchPath: string;
  /** What the machine's programs need to be found, as `machineEnvironment` tells. */
  machine: Record<string, string>;
}): Record<string, string> {
  return {
    ...options.machine,
    PATH: searchPathOf(options.release, options.searchPath),
    HOME: options.home,
    TMPDIR: join(options.home, 'tmp'),
    LANG: 'C.UTF-8',
  };
}
