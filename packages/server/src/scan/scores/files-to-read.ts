import { basename } from 'node:path/posix';
import { isCiFile } from './ci-file.ts';
import { isTaskFile } from './commands.ts';
import { isComposeFile } from './compose-limits.ts';
import { isDockerfile } from './dockerfile.ts';
import { belongsToTests } from './is-test-file.ts';
import { isReadme } from './readme.ts';

/** Bytes; of a larger file its begin is enough. */
export const mostTextBytes = 65_536;

/** Of each kind, those nearest to the root: 200 files and 12.5 MiB at the most. */
const kinds: readonly { most: number; deepest: number; matches(path: string): boolean }[] = [
  { most: 5, deepest: 2, matches: isReadme },
  { most: 40, deepest: 4, matches: isCiFile },
  { most: 20, deepest: 5, matches: (path) => isDockerfile(path) && !belongsToTests(path) },
  { most: 15, deepest: 4, matches: (path) => isComposeFile(path) && !belongsToTests(path) },
  { most: 20, deepest: 3, matches: isTaskFile },
  { most: 1, deepest: 1, matches: (path) => path === '.gitattributes' },
  {
    most: 100,
    deepest: 4,
    matches: (path) => settings.test(basename(path)) && !belongsToTests(path),
  },
];
const mostFiles = 200;

/** Files that several tools keep their settings in, so that their being there says nothing. */
const settings =
  /^(?:pyproject\.toml|setup\.cfg|requirements[\w.-]*\.txt|package\.json|[jt]sconfig(?:\.[\w-]+)?\.json|deno\.jsonc?|Cargo\.toml|pom\.xml|build\.gradle(?:\.kts)?|Directory\.Build\.props|.+\.(?:cs|fs|vb)proj|\.editorconfig)$/;

/**
 * The files whose text the checks need: 200 at the most. The first `mostTextBytes` of each are
 * enough.
 */
export function filesToRead(paths: readonly string[]): string[] {
  const chosen = new Set<string>();
  const nearestFirst = [...paths]
    .filter((path) => !/(?:^|\/)(?:node_modules|vendor|\.venv|venv)\//.test(path))
    .map((path) => ({ path, depth: path.split('/').length }))
    .sort((a, b) => a.depth - b.depth || (a.path < b.path ? -1 : 1));
  for (const { most, deepest, matches } of kinds) {
    let left = most;
    for (const { path, depth } of nearestFirst) {
      if (left === 0 || chosen.size === mostFiles || depth > deepest) break;
      if (chosen.has(path) || !matches(path)) continue;
      chosen.add(path);
      left -= 1;
    }
  }
  return [...chosen];
}
