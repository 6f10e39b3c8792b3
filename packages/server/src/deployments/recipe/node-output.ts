import { z } from 'zod';
import { parseJsonManifest } from './manifest.ts';
import { exportsNext, readConfig } from './node-config.ts';
import type { NodePackage } from './node-package.ts';
import type { ProjectFiles } from './project-files.ts';
import { insideProject } from './static-site.ts';

export interface Output {
  framework: string;
  directory: string;
  /** Every unknown path is a page of the app, drawn by index.html. */
  singlePage: boolean;
}

/**
 * Where the files come to be that a build makes for the browser; `undefined` when it makes a server,
 * or nothing that is known here.
 */
export async function findOutput(
  project: ProjectFiles,
  { installed, scripts }: NodePackage,
): Promise<Output | undefined> {
  const build = scripts.build ?? '';
  const files = (framework: string, directory: string) => ({
    framework,
    directory,
    singlePage: false,
  });
  const page = (framework: string, directory: string) => ({
    framework,
    directory,
    singlePage: true,
  });
  if (build === '') return undefined;
  if (installed.has('next')) {
    return (await exportsNext(project)) ? files('Next.js', 'out') : undefined;
  }
  if (installed.has('astro')) {
    if (installed.has('@astrojs/node')) return undefined;
    return files('Astro', (await configured(project, 'astro.config', 'outDir')) ?? 'dist');
  }
  if (installed.has('@angular/core')) return page('Angular', await angularOutput(project));
  if (installed.has('react-scripts')) return page('Create React App', 'build');
  if (installed.has('gatsby')) return files('Gatsby', 'public');
  if (installed.has('@docusaurus/core')) return files('Docusaurus', 'build');
  if (installed.has('@11ty/eleventy')) return files('Eleventy', '_site');
  if (installed.has('nuxt')) {
    return /\bgenerate\b/.test(build) ? files('Nuxt', '.output/public') : undefined;
  }
  if (installed.has('@react-router/dev')) {
    const config = await readConfig(project, 'react-router.config');
    return /\bssr\s{0,9}:\s{0,9}false/.test(config)
      ? page('React Router', 'build/client')
      : undefined;
  }
  if (installed.has('@sveltejs/kit')) {
    return installed.has('@sveltejs/adapter-static') ? page('SvelteKit', 'build') : undefined;
  }
  if (/\bexpo export\b/.test(build)) return page('Expo', 'dist');
  const documents = /\b(vitepress|vuepress)(?:-cli)? build(?:[ \t]+([\w./-]+))?/.exec(build);
  if (documents) {
    const folder = insideProject(documents[2] ?? '.') ?? '.';
    const output = `.${documents[1]}/dist`;
    return files(
      documents[1] === 'vitepress' ? 'VitePress' : 'VuePress',
      folder === '.' ? output : `${folder}/${output}`,
    );
  }
  for (const [command, framework, directory, singlePage] of byCommand) {
    if (command.test(build)) return { framework, directory, singlePage };
  }
  return bundlerOutput(project, installed, build);
}

/** Bundlers make servers and libraries as well: a page among the sources tells that they don't. */
async function bundlerOutput(
  project: ProjectFiles,
  installed: Set<string>,
  build: string,
): Promise<Output | undefined> {
  if (!(await hasPage(project))) return undefined;
  const option = /--(?:outDir|dest|dist-dir)[ =]["']?([\w./-]+)/.exec(build)?.[1];
  if (installed.has('vite') || /\bvite build\b/.test(build)) {
    const directory = insideProject(option) ?? (await configured(project, 'vite.config', 'outDir'));
    return { framework: 'Vite', directory: directory ?? 'dist', singlePage: true };
  }
  for (const [name, framework] of builders) {
    if (!installed.has(name)) continue;
    return { framework, directory: insideProject(option) ?? 'dist', singlePage: true };
  }
  return undefined;
}

async function hasPage(project: ProjectFiles): Promise<boolean> {
  for (const folder of ['.', 'src', 'public', 'client', 'app']) {
    if (await project.isFile(`${folder}/index.html`)) return true;
  }
  return false;
}

/** Tools that are told by their command, as their packages have many names. */
const byCommand: [RegExp, string, string, boolean][] = [
  [/\bember build\b/, 'Ember', 'dist', true],
  [/\bquasar build\b(?!.{0,200}-m (?:ssr|electron))/, 'Quasar', 'dist/spa', true],
  [/\bpreact build\b/, 'Preact', 'build', true],
  [/\b(?:umi|max) build\b/, 'Umi', 'dist', true],
  [/\bslidev build\b/, 'Slidev', 'dist', true],
  [/\bstencil build\b/, 'Stencil', 'www', true],
  [/\bhexo generate\b/, 'Hexo', 'public', false],
  [/\bgridsome build\b/, 'Gridsome', 'dist', false],
];

const builders = [
  ['@vue/cli-service', 'Vue CLI'],
  ['parcel', 'Parcel'],
  ['@rsbuild/core', 'Rsbuild'],
  ['@rspack/core', 'Rspack'],
  ['webpack', 'webpack'],
] as const;

/** A folder that a configuration names as a plain string. */
async function configured(project: ProjectFiles, config: string, setting: string) {
  const pattern = new RegExp(`\\b${setting}\\s{0,9}:\\s{0,9}["'\`]([^"'\`$\\n]{1,200})["'\`]`);
  return insideProject(pattern.exec(await readConfig(project, config))?.[1]);
}

const target = z.object({
  builder: z.string().catch(''),
  options: z
    .object({
      outputPath: z
        .union([z.string(), z.object({ base: z.string(), browser: z.string().default('browser') })])
        .optional(),
    })
    .catch({}),
});
const angularJson = z.object({
  defaultProject: z.string().optional().catch(undefined),
  projects: z.record(
    z.string(),
    z.object({
      architect: z.object({ build: target.optional().catch(undefined) }).optional(),
      targets: z.object({ build: target.optional().catch(undefined) }).optional(),
    }),
  ),
});

/** The builder "application" puts what the browser gets into a folder of its own. */
async function angularOutput(project: ProjectFiles): Promise<string> {
  const text = await project.read('angular.json');
  if (text === undefined) return 'dist';
  const { projects, defaultProject } = parseJsonManifest('angular.json', text, angularJson);
  const name = defaultProject ?? Object.keys(projects)[0] ?? '';
  const found = Object.hasOwn(projects, name) ? projects[name] : undefined;
  const build = found?.architect?.build ?? found?.targets?.build;
  const path = build?.options.outputPath ?? `dist/${name}`;
  const folder = /:application$/.test(build?.builder ?? '') ? '/browser' : '';
  const output = typeof path === 'string' ? `${path}${folder}` : `${path.base}/${path.browser}`;
  return insideProject(output) ?? 'dist';
}
