import { posix } from 'node:path';
import { type Recipe, type RunStage, searchPath, withPort } from '../../deployments/recipe.ts';
import { chooseToolImage } from './base-image.ts';

/** Where the app lies in its image. */
export const home = '/app';

/** What the installation made is found first. A base may have no PATH, and then gets the usual one. */
const path = [
  ...searchPath.map((folder) => `${home}/${folder}`),
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the Dockerfile’s own syntax
  '${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}',
].join(':');

/** Python holds output back when it is no terminal, so that a log would come late or never. */
const pythonEnvironment = {
  PYTHONUNBUFFERED: '1',
  PIP_NO_CACHE_DIR: '1',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_ROOT_USER_ACTION: 'ignore',
};

/** The unprivileged users that images bring. */
const users: Partial<Record<Recipe['stack'], string>> = {
  node: 'node',
  static: 'node',
  bun: 'bun',
  deno: 'deno',
};
/** In a second stage, whose image may know no name: that of distroless images. */
const userOfRun = '65532';

interface DockerfileOptions {
  /** Of the second stage, if the recipe has one; `null`: the app runs where it was built. */
  runImage?: string | null;
  /** What the machine has, to take tools from. */
  tags?: string[];
}

/**
 * The Dockerfile of a recipe that has none of its own. What the installation reads is copied before
 * the rest, so that its layer stands until those files change. All commands are in exec form, as a
 * base may have no shell. `labels` are put first in each stage, so that every layer carries them.
 */
export function dockerfileOf(
  recipe: Recipe,
  baseImage: string,
  labels: Record<string, string> = {},
  { runImage = null, tags = [] }: DockerfileOptions = {},
): string {
  const run = recipe.container?.run;
  const labelLines = Object.entries(labels).map(
    ([name, value]) => `LABEL ${name}=${JSON.stringify(value)}`,
  );
  const last = [
    `EXPOSE ${recipe.port}`,
    // For who runs the image by hand; BorgOS gives the command with the port it has chosen.
    ...(recipe.start === null
      ? []
      : [`CMD ${JSON.stringify(withPort(recipe.start, { host: '0.0.0.0', port: recipe.port }))}`]),
    '',
  ];
  const twoStages = run !== undefined && runImage !== null;
  return [
    `FROM ${baseImage}${twoStages ? ' AS build' : ''}`,
    ...labelLines,
    ...buildLines(recipe, tags),
    ...(twoStages ? [`FROM ${runImage}`, ...labelLines, `ENV PATH=${path}`, ...runLines(run)] : []),
    ...last,
  ].join('\n');
}

function buildLines(recipe: Recipe, tags: string[]): string[] {
  const { container = {} } = recipe;
  // A folder that COPY makes belongs to `--chown`, whereas one that WORKDIR makes is root's: hence
  // COPY before WORKDIR.
  const user = users[recipe.stack] ?? null;
  const copy = copyFor(user);
  const enter = [`WORKDIR ${home}`, ...(user === null ? [] : [`USER ${user}`])];
  const install = container.install ?? recipe.install;
  const areNames = install.length > 0 && !recipe.manifests.some((path) => special.test(path));
  const manifests = areNames ? copiesByFolder(recipe.manifests, copy) : [];
  const installFirst = manifests.length > 0;
  return [
    ...(recipe.stack === 'python' ? environmentLines(pythonEnvironment) : []),
    `ENV PATH=${path}`,
    ...(container.tools ?? []).map((tool) => toolLine(tool, tags)),
    ...packageLines(container.packages),
    ...(container.setup ?? []).map(commandLine),
    ...(installFirst ? [...manifests, ...enter, ...install.map(commandLine)] : []),
    copy(['.'], `${home}/`),
    ...(installFirst ? [] : [...enter, ...install.map(commandLine)]),
    ...recipe.build.map(commandLine),
    ...(container.finish ?? []).map(commandLine),
  ];
}

/** The sources, too: an app reads templates and settings of theirs. */
function runLines(run: RunStage): string[] {
  const copy = copyFor(userOfRun);
  return [
    ...packageLines(run.packages),
    copy(['.'], `${home}/`),
    ...run.copy.map((made) => copy([`${home}/${made}`], `${home}/${made}`, 'build')),
    `WORKDIR ${home}`,
    `USER ${userOfRun}:${userOfRun}`,
  ];
}

type Copy = (sources: string[], target: string, stage?: string) => string;

function copyFor(user: string | null): Copy {
  return (sources, target, stage) => {
    const options = [
      ...(stage === undefined ? [] : [`--from=${stage}`]),
      ...(user === null ? [] : [`--chown=${user}:${user}`]),
    ];
    return ['COPY', ...options, JSON.stringify([...sources, target])].join(' ');
  };
}

/** All of Node lies in folders that Debian leaves to the machine's owner. */
const partsOfTool = {
  node: ['/usr/local/', '/usr/local/'],
  composer: ['/usr/bin/composer', '/usr/local/bin/composer'],
};

function toolLine(tool: keyof typeof partsOfTool, tags: string[]): string {
  return `COPY --from=${chooseToolImage(tool, tags).name} ${JSON.stringify(partsOfTool[tool])}`;
}

function packageLines(packages: string[] = []): string[] {
  if (packages.length === 0) return [];
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', ...packages];
  return [['apt-get', 'update'], install].map(commandLine);
}

function commandLine(command: string[]): string {
  return `RUN ${JSON.stringify(command)}`;
}

function environmentLines(environment: Record<string, string>): string[] {
  return Object.entries(environment).map(([name, value]) => `ENV ${name}=${value}`);
}

/** What COPY reads as a variable or a pattern, though it is a name. */
const special = /[$\\*?[\]]/;

/** A line for each folder: COPY puts all of its sources into one, whatever folder they are from. */
function copiesByFolder(paths: string[], copy: Copy): string[] {
  const byFolder = Map.groupBy(paths, (path) => posix.dirname(path));
  return [...byFolder].map(([folder, sources]) => copy(sources, `${posix.join(home, folder)}/`));
}
