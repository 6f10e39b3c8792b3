import type { Recipe } from '../recipe.ts';
import { findNodeManager } from './node-manager.ts';
import { findOutput } from './node-output.ts';
import { readNodePackage } from './node-package.ts';
import { nodeRecipe } from './node-recipe.ts';
import { findOtherLanguage } from './other-language.ts';
import type { ProjectFiles } from './project-files.ts';
import { readStaticfile, staticServer } from './static-site.ts';

/** An app that Node only builds: what comes out is served as files. */
export async function detectSinglePageApp(project: ProjectFiles): Promise<Recipe | undefined> {
  const manifest = await readNodePackage(project);
  if (manifest === undefined || manifest.scripts.build === undefined) return undefined;
  const output = await findOutput(project, manifest);
  if (output === undefined || (await findOtherLanguage(project))) return undefined;
  const settings = await readStaticfile(project);
  const directory = settings?.root ?? output.directory;
  const singlePage = settings?.indexFallback ?? output.singlePage;
  const server = await staticServer(directory, singlePage);
  const manager = await findNodeManager(project, manifest);
  return {
    ...(await nodeRecipe(project, manifest, manager, server.start)),
    ...server,
    environment: {},
    notes: [`${output.framework} is built, then the files in ${directory} are served.`],
  };
}
