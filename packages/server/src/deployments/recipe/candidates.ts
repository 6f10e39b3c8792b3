import { ReleaseFailure } from '../../errors.ts';
import type { Recipe } from '../recipe.ts';
import type { ProjectFiles } from './project-files.ts';

/** Bounds what a project of very many folders can cost. */
const mostFolders = 150;
const mostCandidates = 12;

/** Folders that hold no app of the project's own. */
const skipped =
  /^(\.|node_modules$|vendor$|venv$|tests?$|__tests__$|spec$|fixtures$|docs?$|dist$|build$|out$|target$|coverage$|tmp$)/;

/** A file by whose name a folder may be an app: all others are not looked at. */
const telling =
  /^(Dockerfile|borgos\.json|package\.json|requirements\.txt|pyproject\.toml|Pipfile|manage\.py|go\.mod|Cargo\.toml|pom\.xml|build\.gradle(\.kts)?|composer\.json|Gemfile|config\.ru|deno\.jsonc?|Staticfile|index\.(html|php)|.*\.(cs|fs|vb)proj)$/;

/**
 * The folders of a project that could each be deployed, up to two levels down, as
 * `apps/web (node)`. `detect` is asked for each whose files promise something.
 */
export async function findCandidates(
  project: ProjectFiles,
  detect: (folder: string) => Promise<Recipe>,
): Promise<string[]> {
  const apps: string[] = [];
  const libraries: string[] = [];
  let waiting = await foldersIn(project, '.');
  let seen = 0;
  for (let depth = 1; depth <= 2; depth += 1) {
    const below: string[] = [];
    for (const folder of waiting) {
      seen += 1;
      if (seen > mostFolders || apps.length + libraries.length >= mostCandidates) break;
      const entries = await project.list(folder);
      const promising = entries.some(({ name, kind }) => kind === 'file' && telling.test(name));
      const recipe = promising ? await attempt(() => detect(folder)) : undefined;
      if (recipe) {
        const list = (await isLibrary(project, folder, recipe)) ? libraries : apps;
        list.push(`${folder} (${recipe.stack})`);
      } else if (depth < 2) below.push(...(await foldersIn(project, folder)));
    }
    waiting = below;
  }
  return apps.length > 0 ? apps : libraries;
}

/** A package that only has a "main" is more likely there for the others than to be run. */
async function isLibrary(project: ProjectFiles, folder: string, recipe: Recipe): Promise<boolean> {
  if (recipe.foundBy !== 'package.json' || recipe.start?.[0] !== 'node') return false;
  const text = (await project.head(`${folder}/package.json`, 64 * 1024)) ?? '';
  return recipe.extraFiles.length === 0 && !/"start"\s{0,9}:/.test(text);
}

async function foldersIn(project: ProjectFiles, folder: string): Promise<string[]> {
  const entries = await project.list(folder);
  return entries
    .filter(({ name, kind }) => kind === 'directory' && !skipped.test(name))
    .map(({ name }) => (folder === '.' ? name : `${folder}/${name}`));
}

/** What can't be run, or has a broken manifest, is no candidate. */
async function attempt(detect: () => Promise<Recipe>): Promise<Recipe | undefined> {
  try {
    return await detect();
  } catch (error) {
    if (error instanceof ReleaseFailure) return undefined;
    throw error;
  }
}
