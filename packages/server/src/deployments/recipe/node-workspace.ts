import type { Recipe } from '../recipe.ts';
import { findNodeManager, type MemberCommands } from './node-manager.ts';
import { type NodePackage, readNodePackage } from './node-package.ts';
import type { ProjectFiles } from './project-files.ts';

const lockfiles = [
  ...['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock'],
  'bun.lockb',
];

/**
 * The recipe of a member of a workspace (npm, pnpm, yarn or bun), made from the one that its folder
 * has by itself: what it is made of is installed at the top, and lies in other members, so that the
 * whole is built. `undefined` when the folder stands on its own.
 */
export async function inWorkspace(
  recipe: Recipe,
  top: ProjectFiles,
  folder: string,
): Promise<Recipe | undefined> {
  if (recipe.foundBy !== 'package.json') return undefined;
  const workspace = await readNodePackage(top);
  const pnpm = await top.isFile('pnpm-workspace.yaml');
  if (workspace === undefined || (workspace.workspaces === undefined && !pnpm)) return undefined;
  for (const file of lockfiles) if (await top.isFile(`${folder}/${file}`)) return undefined;
  const name = /"name"\s{0,9}:\s{0,9}"([@\w./-]{1,214})"/.exec(
    (await top.head(`${folder}/package.json`, 64 * 1024)) ?? '',
  )?.[1];
  const manager = await findNodeManager(top, workspace);
  const commands = manager.member(folder, name ?? folder);
  return {
    ...recipe,
    foundBy: `${folder}/package.json`,
    manifests: [],
    install: [...manager.getManager, ...manager.install],
    build: recipe.build.length === 0 ? [] : [buildOf(workspace, folder, commands)],
    start: recipe.start && startOf(recipe, recipe.start, folder, commands),
    notes: [
      ...recipe.notes,
      `${folder} is a member of the workspace, which is installed as a whole.`,
    ],
    ...(recipe.container ? { container: { ...recipe.container, install: manager.install } } : {}),
  };
}

/** Turborepo builds first what the member is made of. */
function buildOf(workspace: NodePackage, folder: string, { run }: MemberCommands): string[] {
  return workspace.installed.has('turbo')
    ? ['node_modules/.bin/turbo', 'run', 'build', `--filter=./${folder}`]
    : [...run, 'build'];
}

function startOf(
  recipe: Recipe,
  start: string[],
  folder: string,
  { run, exec }: MemberCommands,
): string[] {
  // What serves files lies at the top, and is told where they are.
  if (recipe.extraFiles.length > 0) {
    const [program = '', server = '', directory = '', ...rest] = start;
    return [program, server, `${folder}/${directory}`, ...rest];
  }
  if (start.at(-1) === 'start' && start.length <= 3) return [...run, 'start'];
  return [...exec, ...start.map((word) => word.replace(/^node_modules\/\.bin\//, ''))];
}
