import { ReleaseFailure } from '../../errors.ts';
import type { Recipe } from '../recipe.ts';
import { detectNodeApp } from './node-app.ts';
import { readNodePackage } from './node-package.ts';
import { findOtherLanguage } from './other-language.ts';
import { detectOwnDockerfile } from './own-dockerfile.ts';
import { type Procfile, readProcfile } from './procfile.ts';
import { openProject, type ProjectFiles } from './project-files.ts';
import { detectPythonApp, detectPythonFile, pythonPrograms } from './python-app.ts';
import { detectSinglePageApp } from './single-page-app.ts';
import { detectStaticSite } from './static-site.ts';

type Detector = (
  project: ProjectFiles,
  procfile: Procfile | undefined,
) => Promise<Recipe | undefined>;

/**
 * How a project is built and started, by a look at a few of its small files; nothing is executed.
 * Its own Dockerfile comes first; a Procfile replaces the start command of what is found after it.
 *
 * Throws `ReleaseFailure` SOURCE_MISSING without the directory, STACK_NOT_FOUND when nothing tells
 * or a manifest is broken, both saying what to do; and the signal's reason when it aborts.
 */
export async function detectRecipe(
  directory: string,
  options: { signal?: AbortSignal } = {},
): Promise<Recipe> {
  const project = await openProject(directory, options.signal);
  const own = await detectOwnDockerfile(project);
  if (own) return own;
  const procfile = await readProcfile(project);
  for (const detect of await detectorsFor(project, procfile)) {
    const recipe = await detect(project, procfile);
    if (recipe) return recipe;
  }
  throw await nothingFound(project, procfile);
}

/**
 * A server comes before a page that is only built, as both may lie in one package.json, or in one
 * folder with a server in Python; and a manifest before a file that merely has a telling name.
 */
async function detectorsFor(
  project: ProjectFiles,
  procfile: Procfile | undefined,
): Promise<Detector[]> {
  if (procfile === undefined) {
    return [
      ...[detectNodeApp, detectPythonApp, detectSinglePageApp],
      ...[detectPythonFile, detectStaticSite],
    ];
  }
  const words = procfile.argv.flatMap((word) => word.split(/\s+/));
  if (words.some((word) => pythonPrograms.test(word))) {
    return [detectPythonApp, detectPythonFile, detectNodeApp];
  }
  const inNode = words.some((word) => /^(node|npm|npx|yarn|pnpm|bun)$/.test(word));
  // A package.json may only build the pages of a server in Ruby.
  if (!inNode && (await findOtherLanguage(project))) return [];
  return [detectNodeApp, detectPythonApp, detectPythonFile];
}

async function nothingFound(
  project: ProjectFiles,
  procfile: Procfile | undefined,
): Promise<ReleaseFailure> {
  const because: string[] = [];
  const other = await findOtherLanguage(project);
  if (other) {
    return new ReleaseFailure(
      'STACK_NOT_FOUND',
      `${other.file} tells that the project is in ${other.language}, which BorgOS runs by a Dockerfile only. Add a Dockerfile to the project.`,
    );
  }
  const manifest = await readNodePackage(project);
  if (manifest) {
    because.push(
      'package.json has no script "start", no "main" that is there, and no known framework with a script "build".',
    );
    if (manifest.workspaces !== undefined || (await project.isFile('pnpm-workspace.yaml'))) {
      because.push(
        'It is a workspace of several packages: let its script "start" start the one to run.',
      );
    }
  }
  for (const file of ['requirements.txt', 'pyproject.toml', 'Pipfile']) {
    if (await project.isFile(file)) because.push(`${file} is there, but no main.py or app.py.`);
  }
  if (procfile) because.push('Procfile says how to start, but nothing tells the language.');
  if (because.length === 0) {
    because.push(
      'There is no Dockerfile, package.json, requirements.txt, pyproject.toml, Pipfile, manage.py, main.py, app.py, Staticfile or index.html.',
    );
  }
  return new ReleaseFailure(
    'STACK_NOT_FOUND',
    `Nothing tells how to run the project. ${because.join(' ')} Add a Dockerfile; or for Node a package.json with a script "start", for Python a main.py, for a site an index.html; or a Procfile with a line "web: <command>" beside a package.json or a requirements.txt.`,
  );
}
