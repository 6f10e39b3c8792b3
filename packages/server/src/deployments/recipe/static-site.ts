import { readFile } from 'node:fs/promises';
import type { ExtraFile, Recipe } from '../recipe.ts';
import { findOtherLanguage } from './other-language.ts';
import type { ProjectFiles } from './project-files.ts';

/** Not 80: what serves it is not root. */
const portOfSite = 8080;
const folders = ['public', '.', 'dist', 'build', 'out', '_site'];

/** Plain files: what a Staticfile names, else the first folder with an index.html. */
export async function detectStaticSite(project: ProjectFiles): Promise<Recipe | undefined> {
  const settings = await readStaticfile(project);
  const root = settings
    ? (settings.root ?? (await findFolder(project)) ?? '.')
    : await findFolder(project);
  if (root === undefined || (settings === undefined && (await findOtherLanguage(project)))) {
    return undefined;
  }
  return {
    stack: 'static',
    foundBy: settings ? 'Staticfile' : root === '.' ? 'index.html' : `${root}/index.html`,
    dockerfile: null,
    version: null,
    manifests: [],
    install: [],
    build: [],
    environment: {},
    ...(await staticServer(root, settings?.indexFallback ?? false)),
    notes: [
      root === '.'
        ? 'All files of the project are served, but those whose name starts with a dot.'
        : `The files in ${root} are served.`,
    ],
  };
}

async function findFolder(project: ProjectFiles): Promise<string | undefined> {
  for (const folder of folders) if (await project.isFile(`${folder}/index.html`)) return folder;
  return undefined;
}

/** The parts of a recipe that serve a folder. It may still have to be built. */
export async function staticServer(
  directory: string,
  singlePage: boolean,
): Promise<{ start: string[]; port: number; extraFiles: ExtraFile[] }> {
  const content = await readFile(new URL('./static-server.mjs', import.meta.url), 'utf8');
  const path = '.borgos/static-server.mjs';
  return {
    start: ['node', path, directory, ...(singlePage ? ['--single-page'] : [])],
    port: portOfSite,
    extraFiles: [{ path, content }],
  };
}

/** `root: folder` and `index_fallback: true`, a line each; what can't be used counts as not said. */
export async function readStaticfile(
  project: ProjectFiles,
): Promise<{ root: string | undefined; indexFallback: boolean | undefined } | undefined> {
  const text = await project.head('Staticfile', 16 * 1024);
  if (text === undefined) return undefined;
  const settings = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^(root|index_fallback):(.*)$/.exec(line.trimEnd());
    const value = (match?.[2] ?? '').replace(/#.*$/, '').trim();
    if (match) settings.set(match[1] ?? '', value.replace(/^["']|["']$/g, ''));
  }
  const fallback = settings.get('index_fallback');
  return {
    root: insideProject(settings.get('root')),
    indexFallback: fallback === undefined ? undefined : fallback === 'true',
  };
}

/** A relative folder without `..`, tidied; `undefined` for one that leads out, or that is none. */
export function insideProject(path: string | undefined): string | undefined {
  if (path === undefined || path.includes('\0') || path.startsWith('/')) return undefined;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || parts[0]?.startsWith('-')) return undefined;
  return parts.length > 0 ? parts.join('/') : path === '' ? undefined : '.';
}
