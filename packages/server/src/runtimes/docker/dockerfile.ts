import { posix } from 'node:path';
import { type Recipe, searchPath, withPort } from '../../deployments/recipe.ts';

/** Where the app lies in its image. */
const home = '/app';

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

/**
 * The Dockerfile of a recipe that has none of its own. What the installation reads is copied before
 * the rest, so that its layer stands until those files change. All commands are in exec form, as a
 * base may have no shell. `labels` are put first, so that every layer carries them.
 */
export function dockerfileOf(
  recipe: Recipe,
  baseImage: string,
  labels: Record<string, string> = {},
): string {
  // The node images bring an unprivileged user; a folder that COPY makes belongs to `--chown`,
  // whereas one that WORKDIR makes is root's: hence COPY before WORKDIR.
  const user = recipe.stack === 'python' ? null : 'node';
  const copy = (sources: string[], folder: string) =>
    `COPY ${user === null ? '' : `--chown=${user}:${user} `}${JSON.stringify([...sources, folder])}`;
  const enter = [`WORKDIR ${home}`, ...(user === null ? [] : [`USER ${user}`])];
  const installs = recipe.install.length > 0;
  const manifests = installs ? copiesByFolder(recipe.manifests, copy) : [];
  return [
    `FROM ${baseImage}`,
    ...Object.entries(labels).map(([name, value]) => `LABEL ${name}=${JSON.stringify(value)}`),
    ...(recipe.stack === 'python' ? environmentLines(pythonEnvironment) : []),
    `ENV PATH=${path}`,
    ...manifests,
    ...(manifests.length > 0 ? enter : []),
    ...(manifests.length > 0 ? recipe.install.map(run) : []),
    copy(['.'], `${home}/`),
    ...(manifests.length > 0 ? [] : enter),
    ...(manifests.length > 0 ? [] : recipe.install.map(run)),
    ...recipe.build.map(run),
    `EXPOSE ${recipe.port}`,
    // For who runs the image by hand; BorgOS gives the command with the port it has chosen.
    ...(recipe.start === null
      ? []
      : [`CMD ${JSON.stringify(withPort(recipe.start, { host: '0.0.0.0', port: recipe.port }))}`]),
    '',
  ].join('\n');
}

function run(command: string[]): string {
  return `RUN ${JSON.stringify(command)}`;
}

function environmentLines(environment: Record<string, string>): string[] {
  return Object.entries(environment).map(([name, value]) => `ENV ${name}=${value}`);
}

/** A line for each folder: COPY puts all of its sources into one, whatever folder they are from. */
function copiesByFolder(
  paths: string[],
  copy: (sources: string[], folder: string) => string,
): string[] {
  const byFolder = Map.groupBy(paths, (path) => posix.dirname(path));
  return [...byFolder].map(([folder, sources]) => copy(sources, `${posix.join(home, folder)}/`));
}
