import type { Recipe } from '../recipe.ts';
import { getBun, type NodeManager } from './node-manager.ts';
import type { NodePackage } from './node-package.ts';
import { findNodeVersion } from './node-version.ts';
import type { ProjectFiles } from './project-files.ts';

const portOfNode = 3000;

/** What a server and a single-page app have in common: everything up to the start. */
export async function nodeRecipe(
  project: ProjectFiles,
  manifest: NodePackage,
  manager: NodeManager,
  start: string[],
): Promise<Recipe> {
  const build = manifest.scripts.build !== undefined ? [manager.run('build')] : [];
  const words = [...start, manifest.scripts.build ?? '', manifest.scripts.start ?? ''];
  const bun = manager.name !== 'bun' && words.some((word) => /(^|[\s/])bunx?(\s|$)/.test(word));
  const inStart = new RegExp(`\\b${manager.name}\\b`).test(manifest.scripts.start ?? '');
  const usesManager =
    manager.install.length > 0 || build.length > 0 || inStart || manager.name === 'bun';
  const install = [
    ...(usesManager ? manager.getManager : []),
    ...(bun ? getBun : []),
    ...manager.install,
  ];
  return {
    stack: 'node',
    foundBy: 'package.json',
    dockerfile: null,
    version: await findNodeVersion(project, manifest),
    manifests: install.length > 0 ? manager.manifests : [],
    install,
    build,
    start,
    environment: { NODE_ENV: 'production' },
    port: portOfNode,
    extraFiles: [],
    notes: [],
  };
}
