import { join, posix } from 'node:path';
import type { StackName } from '@borgos/contracts/stack-names';
import { ReleaseFailure } from '../../errors.ts';
import type { Recipe } from '../recipe.ts';
import { findCandidates } from './candidates.ts';
import { denoPrograms, detectDenoApp } from './deno-app.ts';
import { detectDotnetApp } from './dotnet-app.ts';
import { detectGoApp } from './go-app.ts';
import { detectJavaApp } from './java-app.ts';
import { ownSettingsFile } from './manifest.ts';
import { detectNodeApp } from './node-app.ts';
import { inWorkspace } from './node-workspace.ts';
import { nothingFound } from './nothing-found.ts';
import { findOtherLanguage } from './other-language.ts';
import { detectOwnDockerfile } from './own-dockerfile.ts';
import {
  type OwnSettings,
  readOwnSettings,
  recipeOfSettings,
  withOwnSettings,
} from './own-settings.ts';
import { detectPhpApp } from './php-app.ts';
import { type Procfile, readProcfile } from './procfile.ts';
import { openProject, type ProjectFiles } from './project-files.ts';
import { detectPythonApp, detectPythonFile, pythonPrograms } from './python-app.ts';
import { detectRubyApp, rubyPrograms } from './ruby-app.ts';
import { detectRustApp } from './rust-app.ts';
import { detectSinglePageApp } from './single-page-app.ts';
import { detectStaticSite, insideProject } from './static-site.ts';

type Detector = (
  project: ProjectFiles,
  procfile: Procfile | undefined,
) => Promise<Recipe | undefined>;

/**
 * How a project is built and started, by a look at a few of its small files; nothing is executed.
 * `root` is the folder of the app inside of the directory; without it, that of `borgos.json`.
 * What `borgos.json` says comes first, then the project's own Dockerfile; a Procfile replaces the
 * start command of what is found after it.
 *
 * Throws `ReleaseFailure` SOURCE_MISSING without the directory, STACK_NOT_FOUND when nothing tells
 * or a manifest is broken, both saying what to do; and the signal's reason when it aborts.
 */
export async function detectRecipe(
  directory: string,
  options: { signal?: AbortSignal; root?: string | undefined } = {},
): Promise<Recipe> {
  const { signal } = options;
  const top = await openProject(directory, signal);
  const asked = options.root === undefined ? '.' : await folderIn(top, options.root, '"root"');
  const named = asked === '.' ? top : await openProject(join(directory, asked), signal);
  const own = await readOwnSettings(named);
  const said =
    own?.root === undefined ? '.' : await folderIn(named, own.root, `${ownSettingsFile}: root`);
  const root = posix.join(asked, said);
  const project = said === '.' ? named : await openProject(join(directory, root), signal);
  const found = await detectIn(project, own, async () => {
    return root === '.'
      ? findCandidates(project, (folder) => detect(directory, folder, signal))
      : [];
  });
  const member = root === '.' ? undefined : await inWorkspace(found, top, root);
  const recipe = own ? withOwnSettings(member ?? found, own) : (member ?? found);
  return root === '.' || member ? recipe : { ...recipe, root };
}

async function detect(directory: string, folder: string, signal: AbortSignal | undefined) {
  const project = await openProject(join(directory, folder), signal);
  const own = await readOwnSettings(project);
  return detectIn(project, own, async () => []);
}

async function folderIn(project: ProjectFiles, path: string, setting: string): Promise<string> {
  const folder = insideProject(path === '' ? '.' : path);
  if (folder !== undefined && (await project.isDirectory(folder))) return folder;
  throw new ReleaseFailure(
    'STACK_NOT_FOUND',
    `${setting} names ${JSON.stringify(path)}, which is no folder inside of the project. Name one as it lies there, such as "apps/web".`,
  );
}

async function detectIn(
  project: ProjectFiles,
  own: OwnSettings | undefined,
  candidates: () => Promise<string[]>,
): Promise<Recipe> {
  const stack = own?.stack;
  if (stack === undefined || stack === 'dockerfile') {
    const dockerfile = await detectOwnDockerfile(project);
    if (dockerfile) return dockerfile;
  }
  const start = own?.start ?? (await readProcfile(project));
  const detectors = stack === undefined ? await detectorsFor(project, start) : detectorsOf(stack);
  for (const detector of detectors) {
    const recipe = await detector(project, start);
    if (recipe) return withStart(recipe, own);
  }
  if (own?.start !== undefined && stack !== undefined && stack !== 'dockerfile') {
    return recipeOfSettings(own);
  }
  throw await nothingFound(project, start, { stack, folders: await candidates() });
}

/** A page that is built takes no notice of a start command, unless it is the project's own wish. */
function withStart(recipe: Recipe, own: OwnSettings | undefined): Recipe {
  if (own?.start === undefined || recipe.start === own.start.argv) return recipe;
  return recipe.stack === 'static' ? { ...recipe, start: own.start.argv } : recipe;
}

const languages = [
  detectPhpApp,
  detectGoApp,
  detectJavaApp,
  detectRustApp,
  detectRubyApp,
  detectDotnetApp,
];

function detectorsOf(stack: StackName): Detector[] {
  switch (stack) {
    case 'dockerfile':
      return [];
    case 'node':
      return [detectNodeApp, detectSinglePageApp];
    case 'bun':
      return [(project, procfile) => detectNodeApp(project, procfile, 'bun'), detectSinglePageApp];
    case 'deno':
      return [detectDenoApp];
    case 'python':
      return [detectPythonApp, detectPythonFile];
    case 'go':
      return [detectGoApp];
    case 'rust':
      return [detectRustApp];
    case 'java':
      return [detectJavaApp];
    case 'php':
      return [detectPhpApp];
    case 'ruby':
      return [detectRubyApp];
    case 'dotnet':
      return [detectDotnetApp];
    case 'static':
      return [detectSinglePageApp, detectStaticSite];
  }
}

/**
 * A server comes before a page that is only built, as both may lie in one package.json, or in one
 * folder with a server in Python; and a manifest before a file that merely has a telling name. A
 * package.json beside a server in another language builds its pages.
 */
async function detectorsFor(
  project: ProjectFiles,
  start: Procfile | undefined,
): Promise<Detector[]> {
  const deno = (await project.isFile('package.json')) ? [] : [detectDenoApp];
  if (start === undefined) {
    return [
      ...[...languages, ...deno, detectNodeApp, detectPythonApp, detectSinglePageApp],
      ...[detectDenoApp, detectPythonFile, detectStaticSite],
    ];
  }
  const words = start.argv.flatMap((word) => word.split(/\s+/));
  const says = (programs: RegExp) => words.some((word) => programs.test(word));
  const python: Detector[] = [detectPythonApp, detectPythonFile];
  if (says(pythonPrograms)) return [...python, detectNodeApp];
  if (says(rubyPrograms)) return [detectRubyApp];
  if (says(/^(php|.*\/heroku-php-(apache2|nginx))$/)) return [detectPhpApp];
  if (says(/^(java|.*\/gradlew?|.*\/mvnw?)$/)) return [detectJavaApp];
  if (says(/^dotnet$/)) return [detectDotnetApp];
  if (says(denoPrograms)) return [detectDenoApp, detectNodeApp];
  if (says(/^(node|npm|npx|yarn|pnpm|bun)$/)) return [detectNodeApp, ...languages, ...python];
  // A package.json may only build the pages of a server in Ruby.
  if (await findOtherLanguage(project)) return [...languages, ...deno];
  return [detectNodeApp, ...python];
}
