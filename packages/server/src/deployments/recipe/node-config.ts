import type { NodePackage } from './node-package.ts';
import type { ProjectFiles } from './project-files.ts';

/** Enough of a configuration written in JavaScript to find a setting in it; none is executed. */
const configBytes = 64 * 1024;

/** The text of `vite.config.ts`, whatever its ending; empty when there is none. */
export async function readConfig(project: ProjectFiles, name: string): Promise<string> {
  for (const ending of ['js', 'ts', 'mjs', 'mts', 'cjs', 'cts']) {
    const text = await project.head(`${name}.${ending}`, configBytes);
    // A setting in a comment is none.
    if (text !== undefined) return text.replace(/^[ \t]*\/\/.*$/gm, '');
  }
  return '';
}

/** Whether Next.js is told to make files only. */
export async function exportsNext(project: ProjectFiles): Promise<boolean> {
  return /\boutput\s{0,9}:\s{0,9}['"]export['"]/.test(await readConfig(project, 'next.config'));
}

/** Whether a `start` script serves to develop, or to look at a build, and not to run it. */
export function isDevelopmentServer(script: string, scripts: NodePackage['scripts']): boolean {
  const other = /^(?:npm run|yarn(?: run)?|pnpm(?: run)?|bun run) ([\w:.-]+)$/.exec(
    script.trim(),
  )?.[1];
  const named = other !== undefined && Object.hasOwn(scripts, other) ? scripts[other] : undefined;
  return developmentServer.test((named ?? script).trim());
}

const developmentServer = new RegExp(
  `^(?:npx |bunx )?(?:${[
    'vite(?: dev| serve| preview|$| -)',
    '(?:react-scripts|craco|react-app-rewired) start',
    'ng serve',
    'vue-cli-service serve',
    'parcel(?! build)',
    'webpack(?:-dev-server| serve)',
    'gatsby (?:develop|serve)',
    'docusaurus (?:start|serve)',
    'eleventy',
    '(?:astro|rsbuild|next|nuxt) (?:dev|preview)',
    'expo start',
    '(?:vitepress|vuepress|quasar) (?:dev|serve|preview)',
    '(?:ember|hexo) (?:s|serve|server)(?:$| )',
    '(?:umi|max) dev',
    'slidev(?! build)',
    'stencil build.* --serve',
    '(?:serve|http-server|live-server)(?:$| )',
  ].join('|')})`,
);
