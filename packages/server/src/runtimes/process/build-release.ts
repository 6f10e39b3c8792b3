import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Recipe } from '../../deployments/recipe.ts';
import type { BuildRequest } from '../../deployments/runtime.ts';
import { ReleaseFailure } from '../../errors.ts';
import { listSource } from '../source.ts';
import { withinBuildLimits } from './build-limits.ts';
import type { ControlGroups } from './control-groups.ts';
import { copySource, writeExtraFiles } from './copy-source.ts';
import type { Brand } from './peer-brand.ts';
import { baseEnvironment, buildMarker, cacheEnvironment } from './process-environment.ts';
import type { ProcessTable } from './process-table.ts';
import type { Releases } from './releases.ts';
import { runCommand } from './run-command.ts';

export interface BuildDependencies {
  /** The id of this BorgOS. */
  instance: string;
  releases: Releases;
  table: ProcessTable;
  /** Downloads of package managers, shared by all builds. */
  cache: string;
  searchPath: string;
  machine: Record<string, string>;
  networkEnvironment: Record<string, string>;
  brand: Brand;
  /** Holds the build to its limits; `null`: it can't be held. */
  groups: ControlGroups | null;
}

const run = promisify(execFile);

/** Copies the sources, then installs and builds with the programs that the machine has. */
export async function buildRelease(
  request: BuildRequest,
  dependencies: BuildDependencies,
): Promise<string> {
  const { recipe, signal, log } = request;
  const { releases, instance, searchPath, machine, cache } = dependencies;
  refuseImpossible(recipe);
  const artifact = releases.pathOf(request.name);
  signal.throwIfAborted();
  if (await releases.isComplete(artifact)) return artifact;
  try {
    const { entries, bytes } = await listSource(request.source, { signal });
    log(`Copying ${entries.length} files and folders (${bytes} bytes)\n`);
    await releases.begin(artifact);
    await copySource(entries, artifact, signal);
    await writeExtraFiles(recipe.extraFiles, artifact);
    await mkdir(cache, { recursive: true, mode: 0o700 });
    const environment = {
      ...dependencies.networkEnvironment,
      ...baseEnvironment({
        release: artifact,
        home: releases.homeOf(artifact),
        searchPath,
        machine,
      }),
      ...cacheEnvironment(cache, dependencies.networkEnvironment.MAVEN_OPTS),
      [buildMarker]: `${instance}/${request.name}`,
    };
    const command = { directory: artifact, environment, log, signal };
    const note = await versionNote(recipe, environment);
    if (note !== null) log(note);
    await withinBuildLimits(dependencies.groups, async (hold) => {
      const onStart = async (pid: number) => {
        await Promise.all([hold(pid), dependencies.brand.put(pid)]);
      };
      for (const argv of [...recipe.install, ...recipe.build]) {
        await runCommand({ ...command, argv, onStart }, dependencies.table).catch((error) => {
          throw withoutVenv(argv, error);
        });
      }
    });
    await releases.complete(artifact);
    return artifact;
  } catch (error) {
    await releases.remove(artifact);
    throw error;
  }
}

function refuseImpossible(recipe: Recipe): void {
  if (recipe.stack === 'dockerfile') {
    throw new ReleaseFailure(
      'STACK_NOT_FOUND',
      `The project has a Dockerfile (${recipe.dockerfile ?? recipe.foundBy}), which needs Docker: install Docker, or remove the Dockerfile and add a package.json, a requirements.txt or an index.html, which run without it.`,
    );
  }
  if (recipe.start === null || recipe.start.length === 0) {
    throw new ReleaseFailure(
      'STACK_NOT_FOUND',
      `Nothing says how to start the project that ${recipe.foundBy} describes: add a start script, or a Procfile with a line "web: …".`,
    );
  }
}

/** Debian and Ubuntu ship Python without what a virtual environment needs. */
function withoutVenv(argv: string[], error: unknown): unknown {
  if (!argv.includes('venv') || !(error instanceof ReleaseFailure)) return error;
  if (!/ensurepip|No module named venv/.test(error.message)) return error;
  return new ReleaseFailure(
    'BUILD_FAILED',
    'This machine has Python without its venv module: apt-get install python3-venv, or install Docker so that projects are built in containers.',
    { cause: error },
  );
}

/** What tells the version that the machine has. */
const versionCommands: Partial<Record<Recipe['stack'], string[]>> = {
  node: ['node', '--version'],
  python: ['python3', '--version'],
  go: ['go', 'version'],
  rust: ['rustc', '--version'],
  java: ['java', '--version'],
  php: ['php', '--version'],
  ruby: ['ruby', '--version'],
  dotnet: ['dotnet', '--version'],
  bun: ['bun', '--version'],
  deno: ['deno', '--version'],
};

/** Says when the machine's version is not the one the project asks for: here it can't be chosen. */
async function versionNote(recipe: Recipe, env: Record<string, string>): Promise<string | null> {
  const [program, ...args] = versionCommands[recipe.stack] ?? [];
  if (recipe.version === null || program === undefined) return null;
  const installed = await run(program, args, { env, timeout: 10_000 }).then(
    ({ stdout }) => /\d+(\.\d+)*/.exec(stdout)?.[0],
    () => undefined,
  );
  if (installed === undefined || `${installed}.`.startsWith(`${recipe.version}.`)) return null;
  return `Note: the project asks for ${program} ${recipe.version}. Without Docker it runs on what this machine has: ${installed}.\n`;
}
