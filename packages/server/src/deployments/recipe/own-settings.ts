import { type BorgosJson, borgosJson } from '@borgos/contracts/borgos-json';
import { ReleaseFailure } from '../../errors.ts';
import type { Recipe } from '../recipe.ts';
import { parseCommand, shellCommand } from './command-line.ts';
import { brokenManifest, ownSettingsFile, parseJsonManifest } from './manifest.ts';
import type { Procfile } from './procfile.ts';
import type { ProjectFiles } from './project-files.ts';

/** What a project says of itself, as commands without a shell. */
export interface OwnSettings {
  stack: BorgosJson['stack'];
  root: string | undefined;
  install: string[][] | undefined;
  build: string[][] | undefined;
  start: Procfile | undefined;
  port: number | undefined;
  healthCheckPath: string | undefined;
  volumes: BorgosJson['volumes'];
  environment: Record<string, string>;
}

/** Of `borgos.json`. Throws `ReleaseFailure` STACK_NOT_FOUND naming the setting that is wrong. */
export async function readOwnSettings(project: ProjectFiles): Promise<OwnSettings | undefined> {
  const text = await project.read(ownSettingsFile);
  if (text === undefined) return undefined;
  const said = parseJsonManifest(ownSettingsFile, text, borgosJson);
  const variables = Object.entries(said.environment ?? {});
  return {
    stack: said.stack,
    root: said.root,
    install: said.install === undefined ? undefined : commandsOf(said.install),
    build: said.build === undefined ? undefined : commandsOf(said.build),
    start: said.start === undefined ? undefined : startOf(said.start),
    port: said.port,
    healthCheckPath: said.health_check_path,
    volumes: said.volumes,
    environment: Object.fromEntries(variables.map(([name, value]) => [name, String(value)])),
  };
}

function startOf(start: string | string[]): Procfile {
  const notes = [`The start command is "start" of ${ownSettingsFile}.`];
  if (typeof start !== 'string') {
    // The words of a list may name the port, as a line may.
    const argv = start.map((word) =>
      word.replace(/\$(?:(PORT|HOST)(?![A-Za-z0-9_])|\{(PORT|HOST)\})/g, (_, plain, braced) => {
        return `{${plain ?? braced}}`;
      }),
    );
    return { environment: {}, argv, notes };
  }
  const command = parseCommand(start);
  return command ? { ...command, notes } : { environment: {}, argv: shellCommand(start), notes };
}

function commandsOf(said: string | string[] | string[][]): string[][] {
  if (typeof said === 'string') return [buildCommand(said)];
  const lists = said.filter((entry) => typeof entry !== 'string');
  if (lists.length > 0) return lists;
  const words = said.filter((entry) => typeof entry === 'string');
  return words.length === 0 ? [] : [words];
}

/** The port is no concern of a build, so that a line with one is left to a shell. */
function buildCommand(line: string): string[] {
  const command = parseCommand(line);
  if (command === undefined || /\$\{?(PORT|HOST)\b/.test(line)) return ['sh', '-c', line];
  const variables = Object.entries(command.environment).map(([name, value]) => `${name}=${value}`);
  return variables.length > 0 ? ['env', ...variables, ...command.argv] : command.argv;
}

/** Where what is built lies at a place that only the build that was found knows. */
const compiled = new Set<Recipe['stack']>(['go', 'rust', 'java', 'dotnet']);

/**
 * A recipe with what the project says in place of what was found. `start` is not among it: the
 * detectors have taken it up. Throws `ReleaseFailure` STACK_NOT_FOUND for settings that don't fit.
 */
export function withOwnSettings(recipe: Recipe, own: OwnSettings): Recipe {
  const { install, build, start } = own;
  const ownDockerfile = recipe.stack === 'dockerfile';
  if (ownDockerfile && (install ?? build) !== undefined) {
    const setting = install === undefined ? 'build' : 'install';
    throw brokenManifest(
      ownSettingsFile,
      `${setting}: ${recipe.dockerfile ?? 'the Dockerfile'} is built as it stands. Leave the setting out, or name another "stack"`,
    );
  }
  if (build !== undefined && start === undefined && compiled.has(recipe.stack)) {
    throw brokenManifest(
      ownSettingsFile,
      'build: say "start", too, as only your command knows where it puts the program',
    );
  }
  const { container, ...rest } = recipe;
  const changes = install !== undefined || build !== undefined;
  return {
    ...rest,
    ...(install && { install, manifests: [] }),
    ...(build && { build }),
    ...(container && { container: changes ? withoutStages(container, own) : container }),
    ...(ownDockerfile && start && { start: start.argv }),
    port: own.port ?? recipe.port,
    environment: {
      ...recipe.environment,
      ...(ownDockerfile ? start?.environment : {}),
      ...own.environment,
    },
    ...(own.healthCheckPath && { healthCheckPath: own.healthCheckPath }),
    ...(own.volumes && { volumes: own.volumes }),
    notes: changes ? [...recipe.notes, `${ownSettingsFile} says how to build.`] : recipe.notes,
  };
}

function withoutStages(
  container: NonNullable<Recipe['container']>,
  { install, build }: OwnSettings,
): Recipe['container'] {
  const { install: replaced, run, ...rest } = container;
  return {
    ...rest,
    ...(replaced && !install && { install: replaced }),
    ...(run && !build && { run }),
  };
}

/** What is run as the project says, where no file of it tells: only the image comes from the stack. */
export function recipeOfSettings(own: OwnSettings): Recipe {
  if (own.stack === undefined || own.start === undefined) {
    throw new ReleaseFailure(
      'STACK_NOT_FOUND',
      `${ownSettingsFile} must say both "stack" and "start", as nothing else of the project tells how to run it.`,
    );
  }
  return {
    stack: own.stack,
    foundBy: ownSettingsFile,
    dockerfile: null,
    version: null,
    manifests: [],
    install: [],
    build: [],
    start: own.start.argv,
    environment: own.start.environment,
    port: 8080,
    extraFiles: [],
    notes: own.start.notes,
  };
}
