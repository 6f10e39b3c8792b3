import { readFile } from 'node:fs/promises';
import type { ExtraFile, Recipe } from '../recipe.ts';
import { findPageAssets } from './page-assets.ts';
import { type Composer, findComposer } from './php-composer.ts';
import { extensionSetup } from './php-extensions.ts';
import type { Procfile } from './procfile.ts';
import type { ProjectFiles } from './project-files.ts';
import { insideProject } from './static-site.ts';

const portOfPhp = 80;
const publicFolders = ['public', 'web', 'webroot', 'html', 'htdocs', 'public_html', 'www'];

/** A site in PHP, served by Apache in a container and by PHP's own server elsewhere. */
export async function detectPhpApp(
  project: ProjectFiles,
  procfile: Procfile | undefined,
): Promise<Recipe | undefined> {
  const composer = await findComposer(project);
  const folder = await findPublicFolder(project, composer, procfile);
  const own = procfile !== undefined && !serverOfHeroku.test(procfile.argv[0] ?? '');
  if (folder === undefined && !(own && composer)) return undefined;
  const assets = await findPageAssets(project);
  const files = await serverFiles();
  const root = folder ?? '.';
  const { packages, setup } = extensionSetup(composer);
  return {
    stack: 'php',
    foundBy: composer ? 'composer.json' : root === '.' ? 'index.php' : `${root}/index.php`,
    dockerfile: null,
    version: composer?.version ?? null,
    // Scripts of Composer are programs of the sources.
    manifests: [],
    install: [...(composer ? composer.install : []), ...assets.install],
    build: assets.build,
    start: own ? procfile.argv : ['sh', '.borgos/serve-php.sh', root],
    environment: {
      ...(composer?.framework === 'laravel'
        ? { APP_ENV: 'production', LOG_CHANNEL: 'stderr' }
        : {}),
      ...(composer?.framework === 'symfony' ? { APP_ENV: 'prod', APP_DEBUG: '0' } : {}),
      ...procfile?.environment,
    },
    port: portOfPhp,
    extraFiles: files,
    notes: own ? procfile.notes : [noteOf(root, composer)],
    container: {
      tools: [...(composer ? (['composer'] as const) : []), ...assets.tools],
      packages,
      ...(composer ? { install: [...composer.install.map(asRoot), ...assets.install] } : {}),
      setup: [['a2enmod', 'rewrite', 'headers'], ...setup],
      finish: [['sh', '.borgos/set-up-apache.sh', root]],
    },
  };
}

/** Else Composer leaves out plugins, without which Symfony is not set up. */
function asRoot(command: string[]): string[] {
  return ['env', 'COMPOSER_ALLOW_SUPERUSER=1', ...command];
}

const serverOfHeroku = /(^|\/)heroku-php-(apache2|nginx)$/;

async function findPublicFolder(
  project: ProjectFiles,
  composer: Composer | undefined,
  procfile: Procfile | undefined,
): Promise<string | undefined> {
  if (serverOfHeroku.test(procfile?.argv[0] ?? '')) {
    const named = procfile?.argv.slice(1).find((word) => !word.startsWith('-'));
    return insideProject(named) ?? '.';
  }
  const folders = composer?.framework ? [...publicFolders, '.'] : ['.', ...publicFolders];
  // WordPress and others have their front page at the top; a framework keeps its sources there.
  if (composer && (await project.isFile('public/index.php'))) return 'public';
  for (const folder of folders) if (await project.isFile(`${folder}/index.php`)) return folder;
  return undefined;
}

async function serverFiles(): Promise<ExtraFile[]> {
  const names = ['serve-php.sh', 'set-up-apache.sh'];
  return Promise.all(
    names.map(async (name) => ({
      path: `.borgos/${name}`,
      content: await readFile(new URL(`./${name}`, import.meta.url), 'utf8'),
    })),
  );
}

function noteOf(root: string, composer: Composer | undefined): string {
  const served =
    root === '.' ? 'The project is served by PHP.' : `The folder ${root} is served by PHP.`;
  if (composer?.framework === 'laravel') {
    return `${served} Laravel needs a secret APP_KEY; migrations are not run.`;
  }
  return composer?.framework === 'symfony'
    ? `${served} Symfony needs a secret APP_SECRET; migrations are not run.`
    : served;
}
