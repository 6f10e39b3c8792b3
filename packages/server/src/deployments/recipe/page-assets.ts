import { findNodeManager } from './node-manager.ts';
import { readNodePackage } from './node-package.ts';
import type { ProjectFiles } from './project-files.ts';

/** What a package.json beside a server in another language builds: its pages' scripts and styles. */
export async function findPageAssets(
  project: ProjectFiles,
): Promise<{ install: string[][]; build: string[][]; tools: 'node'[] }> {
  const manifest = await readNodePackage(project);
  if (manifest?.scripts.build === undefined) return { install: [], build: [], tools: [] };
  const manager = await findNodeManager(project, manifest);
  return {
    install: [...manager.getManager, ...manager.install],
    build: [manager.run('build')],
    tools: ['node'],
  };
}
