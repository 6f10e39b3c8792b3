import type { NodePackage } from './node-package.ts';
import type { ProjectFiles } from './project-files.ts';

export type ManagerName = 'npm' | 'pnpm' | 'yarn' | 'bun';

export interface NodeManager {
  name: ManagerName;
  /** Makes `run` work, if the manager isn't part of Node. */
  getManager: string[][];
  /** Empty when there is nothing to install. */
  install: string[][];
  /** See `Recipe.manifests`. */
  manifests: string[];
  /** Runs a script of package.json. */
  run: (script: string) => string[];
  /** What is put in front of a command of a member of the workspace. */
  member: (folder: string, name: string) => MemberCommands;
}

export interface MemberCommands {
  /** Before the name of a script. */
  run: string[];
  /** Before a program, which is found and run where the member lies. */
  exec: string[];
}

const lockfiles: [string, ManagerName][] = [
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
];

/** Where a manager that isn't part of Node is installed: in the build, so that start-up needs no network. */
const tools = '.borgos/tools';

/** The package manager by `packageManager`, else by the lockfile, else npm. */
export async function findNodeManager(
  project: ProjectFiles,
  manifest: NodePackage,
): Promise<NodeManager> {
  const locks: [string, ManagerName][] = [];
  for (const lock of lockfiles) if (await project.isFile(lock[0])) locks.push(lock);
  const named = /^(npm|pnpm|yarn|bun)(?:@(\d[\w.-]{0,40}))?/.exec(manifest.packageManager ?? '');
  const name = isManagerName(named?.[1]) ? named[1] : (locks[0]?.[1] ?? withoutLock(manifest));
  const lockfile = locks.find(([, manager]) => manager === name)?.[0];
  const version = named?.[2] ?? exactVersion(manifest.engines[name]);
  const commands = await commandsOf(project, name, lockfile, version);
  const nothingToInstall = manifest.installed.size === 0 && manifest.workspaces === undefined;
  const ownFiles = [
    ...['package.json', lockfile ?? '', '.npmrc', 'pnpm-workspace.yaml', 'bunfig.toml'],
    '.yarnrc',
  ];
  const manifests: string[] = [];
  for (const file of ownFiles) {
    if (file !== '' && (await project.isFile(file))) manifests.push(file);
  }
  const wholeSources = commands.wholeSources || (await readsSources(project, manifest));
  return {
    name,
    getManager: commands.getManager,
    install: nothingToInstall ? [] : commands.install,
    manifests: wholeSources ? [] : manifests,
    run: commands.run,
    member: (folder, packageName) =>
      memberCommands(name, commands.run('run')[0] ?? name, commands, {
        folder,
        packageName,
      }),
  };
}

function memberCommands(
  manager: ManagerName,
  program: string,
  { run }: Commands,
  { folder, packageName }: { folder: string; packageName: string },
): MemberCommands {
  if (manager === 'npm') {
    const inFolder = ['--workspace', folder];
    return { run: ['npm', ...inFolder, 'run'], exec: ['npm', 'exec', ...inFolder, '--'] };
  }
  if (manager === 'pnpm') {
    const inFolder = [program, '--dir', folder];
    return { run: [...inFolder, 'run'], exec: [...inFolder, 'exec'] };
  }
  if (manager === 'bun') {
    const inFolder = [program, '--cwd', folder];
    return { run: [...inFolder, 'run'], exec: ['env', '-C', folder] };
  }
  // Both yarns know it, the newer one by the name alone; it may be a program of the project's own.
  const yarn = run('').slice(0, -2);
  const inFolder = [...yarn, 'workspace', packageName];
  return { run: [...inFolder, 'run'], exec: [...inFolder, 'exec'] };
}

interface Commands {
  getManager: string[][];
  install: string[][];
  run: (script: string) => string[];
  wholeSources: boolean;
}

async function commandsOf(
  project: ProjectFiles,
  name: ManagerName,
  lockfile: string | undefined,
  version: string | undefined,
): Promise<Commands> {
  // Dev dependencies are asked for by name: a NODE_ENV=production around the build drops them.
  if (name === 'npm') {
    const install = ['npm', lockfile ? 'ci' : 'install', '--include=dev'];
    return { getManager: [], install: [install], run: runBy('npm'), wholeSources: false };
  }
  if (name === 'pnpm') {
    const pnpm = `${tools}/node_modules/.bin/pnpm`;
    const install = [pnpm, 'install', ...(lockfile ? ['--frozen-lockfile'] : []), '--prod=false'];
    const wanted = version ?? (lockfile ? await pnpmOfLockfile(project) : '10');
    return { ...getTool(`pnpm@${wanted}`), install: [install], run: runBy(pnpm) };
  }
  if (name === 'bun') {
    // By its name, as an image of Bun has it in a place of its own.
    const bun = 'bun';
    const install = [bun, 'install', ...(lockfile ? ['--frozen-lockfile'] : [])];
    return { ...getTool(`bun@${version ?? '1'}`), install: [install], run: runBy(bun) };
  }
  return yarnCommands(project, lockfile, version);
}

async function yarnCommands(
  project: ProjectFiles,
  lockfile: string | undefined,
  version: string | undefined,
): Promise<Commands> {
  const settings = (await project.read('.yarnrc.yml')) ?? '';
  const lock = lockfile ? ((await project.head(lockfile, 512)) ?? '') : '';
  const classic = version ? version.startsWith('1') : lock.includes('yarn lockfile v1');
  const yarn = `${tools}/node_modules/.bin/yarn`;
  if (classic || (!version && !lockfile && settings === '')) {
    const frozen = lockfile ? ['--frozen-lockfile'] : [];
    const install = [yarn, 'install', ...frozen, '--production=false'];
    return { ...getTool(`yarn@${version ?? '1'}`), install: [install], run: runBy(yarn) };
  }
  const bundled = /^yarnPath:\s*["']?([\w./-]+)/m.exec(settings)?.[1];
  const own = bundled !== undefined && (await project.isFile(bundled)) ? bundled : undefined;
  const start = own === undefined ? [yarn] : ['node', own];
  const install = [...start, 'install', ...(lockfile ? ['--immutable'] : [])];
  // Plug'n'Play would need yarn around every program, also the one that is started.
  const plain = [...start, 'config', 'set', 'nodeLinker', 'node-modules'];
  const linked = /^nodeLinker:\s*["']?node-modules/m.test(settings);
  return {
    getManager:
      own === undefined
        ? getTool(`@yarnpkg/cli-dist@${version ? `~${version}` : '4'}`).getManager
        : [],
    install: linked ? [install] : [plain, install],
    run: (script) => [...start, 'run', script],
    // Its plugins, patches and releases are folders, and the setting must not be copied over.
    wholeSources: true,
  };
}

function getTool(spec: string): { getManager: string[][]; wholeSources: boolean } {
  return { getManager: [['npm', 'install', '--prefix', tools, spec]], wholeSources: false };
}

/** Bun to run what is written for it, when the manager is another. */
export const getBun = getTool('bun@1').getManager;

function withoutLock({ engines, scripts }: NodePackage): ManagerName {
  return engines.bun !== undefined || /^bunx?\s/.test(scripts.start ?? '') ? 'bun' : 'npm';
}

function runBy(manager: string): (script: string) => string[] {
  return (script) => [manager, 'run', script];
}

async function pnpmOfLockfile(project: ProjectFiles): Promise<string> {
  const top = (await project.head('pnpm-lock.yaml', 512)) ?? '';
  const format = /lockfileVersion:\s*['"]?(\d+(?:\.\d+)?)/.exec(top)?.[1] ?? '9.0';
  if (format.startsWith('5')) return format === '5.4' ? '7' : '6';
  return format.startsWith('6') ? '8' : '10';
}

function isManagerName(name: string | undefined): name is ManagerName {
  return name === 'npm' || name === 'pnpm' || name === 'yarn' || name === 'bun';
}

function exactVersion(range: string | undefined): string | undefined {
  return /^\s*v?(\d+(?:\.\d+){0,2})(?:\.[xX*])?\s*$/.exec(range ?? '')?.[1];
}

/** Whether installing needs more than the manifests: then these alone would make it fail. */
async function readsSources(project: ProjectFiles, manifest: NodePackage): Promise<boolean> {
  const lifecycle = [
    'preinstall',
    'install',
    'postinstall',
    'prepare',
    'preprepare',
    'postprepare',
  ];
  if (lifecycle.some((script) => Object.hasOwn(manifest.scripts, script))) return true;
  if (manifest.workspaces !== undefined || manifest.patchedDependencies !== undefined) return true;
  // Prisma makes its client while it is installed, from the schema.
  if (manifest.installed.has('@prisma/client') || manifest.installed.has('patch-package'))
    return true;
  const workspace = (await project.read('pnpm-workspace.yaml')) ?? '';
  if (/^(packages|patchedDependencies)[ \t]*:/m.test(workspace)) return true;
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  return [dependencies, devDependencies, optionalDependencies]
    .flatMap((group) => Object.values(group))
    .some(
      (wanted) =>
        typeof wanted === 'string' &&
        /^(file|link|portal|workspace|patch):|^\.{0,2}\//.test(wanted),
    );
}
