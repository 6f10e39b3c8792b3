import type { Recipe } from '../recipe.ts';
import { parseCommand } from './command-line.ts';
import { isDevelopmentServer } from './node-config.ts';
import { findFrameworkStart } from './node-framework.ts';
import { findNodeManager, type NodeManager } from './node-manager.ts';
import { findOutput } from './node-output.ts';
import { type NodePackage, readNodePackage } from './node-package.ts';
import { nodeRecipe } from './node-recipe.ts';
import type { Procfile } from './procfile.ts';
import type { ProjectFiles } from './project-files.ts';
import { findPinnedVersion } from './tool-versions.ts';

const mainFiles = [
  'index.js',
  'server.js',
  'app.js',
  'main.js',
  'index.mjs',
  'server.mjs',
  'app.mjs',
];
/** Node runs these as they are; after a build it is what was built that is run. */
const typescriptFiles = ['index.ts', 'server.ts', 'app.ts', 'main.ts'];

/**
 * A server in Node (or Bun), by package.json. `undefined` when nothing tells how it is started: then
 * it may be a single-page app. Throws `ReleaseFailure` STACK_NOT_FOUND for a broken package.json.
 */
export async function detectNodeApp(
  project: ProjectFiles,
  procfile: Procfile | undefined,
  asked?: 'bun',
): Promise<Recipe | undefined> {
  const found = await readNodePackage(project);
  if (found === undefined) return undefined;
  const manifest = asked === undefined ? found : { ...found, packageManager: asked };
  const manager = await findNodeManager(project, manifest);
  const start = procfile ?? (await findStart(project, manifest, manager));
  if (start === undefined) return undefined;
  return {
    ...(await nodeRecipe(project, manifest, manager, start.argv)),
    start: start.argv,
    environment: { NODE_ENV: 'production', ...start.environment },
    notes: start.notes,
    ...(runsInBun(manifest, manager, start.argv) ? await bunParts(project, manager) : {}),
  };
}

/**
 * What Bun both installs and runs needs no Node. What Bun only installs is run by Node, which it is
 * written for, even when `bun run` starts it.
 */
function runsInBun({ scripts }: NodePackage, manager: NodeManager, start: string[]): boolean {
  if (manager.name !== 'bun' || !/^bunx?$/.test(start[0] ?? '')) return false;
  return start[1] !== 'run' || /^bunx?\s/.test(scripts[start[2] ?? '']?.trim() ?? '');
}

/** The image of Bun has no npm to get Bun by. */
async function bunParts(project: ProjectFiles, manager: NodeManager): Promise<Partial<Recipe>> {
  return {
    stack: 'bun',
    version: await findPinnedVersion(project, 'bun', ['.bun-version']),
    container: { install: manager.install },
  };
}

interface Start {
  environment: Record<string, string>;
  argv: string[];
  notes: string[];
}

async function findStart(
  project: ProjectFiles,
  manifest: NodePackage,
  manager: NodeManager,
): Promise<Start | undefined> {
  const script = manifest.scripts.start?.trim() || undefined;
  const output = await findOutput(project, manifest);
  // These two would start a server although only files were made.
  const useless = output !== undefined && /^(next start|react-router-serve)/.test(script ?? '');
  if (script !== undefined && !useless && !isDevelopmentServer(script, manifest.scripts)) {
    return startOfScript(manifest, manager, script);
  }
  if (output) return undefined;
  const framework = await findFrameworkStart(project, manifest);
  if (framework) return { environment: {}, ...framework };
  const main = await findMain(project, manifest, manager);
  if (main === undefined) return undefined;
  return {
    environment: {},
    argv: main,
    notes: [`package.json has no script "start": ${main.join(' ')}.`],
  };
}

/** A plain `node server.js` is run as it is: npm around it costs memory and a process that hides signals. */
function startOfScript(manifest: NodePackage, manager: NodeManager, script: string): Start {
  const hooks = ['prestart', 'poststart'].some((name) => Object.hasOwn(manifest.scripts, name));
  const command = hooks ? undefined : parseCommand(script);
  if (command?.argv[0] === 'node') return { ...command, notes: [] };
  if (command?.argv[0] === 'bun' && command.argv[1] !== 'run') {
    return { ...command, argv: ['bun', ...command.argv.slice(1)], notes: [] };
  }
  // npm runs the script of any manager, and is there without a network.
  return {
    environment: {},
    argv: manager.name === 'bun' ? manager.run('start') : ['npm', 'start'],
    notes: [],
  };
}

async function findMain(
  project: ProjectFiles,
  manifest: NodePackage,
  manager: NodeManager,
): Promise<string[] | undefined> {
  const program = manager.name === 'bun' ? 'bun' : 'node';
  const main = manifest.main?.replace(/^\.\//, '');
  const build = manifest.scripts.build !== undefined;
  const built = build && /^(dist|build|out|lib)\//.test(main ?? '');
  if (main !== undefined && (built || (await project.isFile(main)))) return [program, main];
  const files = [...mainFiles, ...(build && manager.name !== 'bun' ? [] : typescriptFiles)];
  for (const file of files) if (await project.isFile(file)) return [program, file];
  return undefined;
}
