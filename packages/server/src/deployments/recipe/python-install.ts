import type { ExtraFile } from '../recipe.ts';
import { mainManifest, type PipfilePackage, type PythonManifests } from './python-manifests.ts';

/** A virtual environment of the build's own: the project's `.venv` can't be copied over it. */
export const python = '.borgos/venv/bin/python';

const createVenv = ['python3', '-m', 'venv', '.borgos/venv'];
const exported = '.borgos/requirements.txt';

export interface PythonInstall {
  install: string[][];
  /** See `Recipe.manifests`. */
  manifests: string[];
  extraFiles?: ExtraFile[];
}

/**
 * The commands that install what the manifests ask for, and `servers`, which the project needs to
 * run but doesn't list. Nothing of both: no commands, and the system's own Python will do.
 * `asPackage`: the project itself is installed, too, as a command that it defines is the start.
 * All lead to one virtual environment, whatever tool wrote the lockfile, so none of them has to be
 * there, or to be told by a variable where to install.
 */
export function installCommands(
  manifests: PythonManifests,
  { servers, asPackage }: { servers: string[]; asPackage: boolean },
): PythonInstall {
  const manifest = mainManifest(manifests);
  if (manifest === undefined) return servers.length > 0 ? pip(servers, []) : nothing;
  if (manifest === 'requirements.txt') return fromRequirements(manifests, servers);
  if (manifest === 'Pipfile') return fromPipfile(manifests, servers);
  const { locks, pyproject } = manifests;
  if (locks.has('uv.lock')) return fromUv(manifests, servers);
  if (locks.has('poetry.lock') || (pyproject?.tool.poetry && !pyproject.project)) {
    return fromPoetry(manifests, servers);
  }
  return fromProject(manifests, servers, asPackage);
}

const nothing: PythonInstall = { install: [], manifests: [] };

function pip(words: string[], manifests: string[]): PythonInstall {
  return { install: [createVenv, pipInstall(words)], manifests };
}

function pipInstall(words: string[]): string[] {
  return [python, '-m', 'pip', 'install', ...words];
}

function fromRequirements(
  { requirements = '' }: PythonManifests,
  servers: string[],
): PythonInstall {
  const lines = requirements.split('\n').map((line) => line.trim());
  const empty = lines.every((line) => line === '' || line.startsWith('#'));
  if (empty) return servers.length > 0 ? pip(servers, []) : nothing;
  // Other requirement files, constraints and local packages.
  const readsSources = lines.some((line) =>
    /^(-r|--requirement|-c|--constraint|-e|--editable|-f|--find-links|\.|\/|file:)/.test(line),
  );
  // With hashes pip refuses what has none, so servers are installed on their own.
  const hashes = requirements.includes('--hash=');
  const words = ['--requirement', 'requirements.txt'];
  const install = hashes
    ? [createVenv, pipInstall(words), ...(servers.length > 0 ? [pipInstall(servers)] : [])]
    : [createVenv, pipInstall([...words, ...servers])];
  return { install, manifests: readsSources ? [] : ['requirements.txt'] };
}

/** PEP 621: the list itself, as many an app is no package that could be built. */
function fromProject(
  { pyproject, pdmVersions }: PythonManifests,
  servers: string[],
  asPackage: boolean,
): PythonInstall {
  const project = pyproject?.project;
  const itself = asPackage || project?.dynamic.includes('dependencies');
  const listed = itself ? ['.'] : (project?.dependencies ?? []).map((line) => line.trim());
  const wanted = [...listed, ...servers].filter(isRequirement);
  if (wanted.length === 0) return nothing;
  if (pdmVersions === undefined) return pip(wanted, itself ? [] : ['pyproject.toml']);
  // The lockfile as constraints: the same versions without PDM itself, and without its dev groups.
  const constraints = { path: '.borgos/constraints.txt', content: pdmVersions.join('\n') };
  return {
    ...pip(['--constraint', constraints.path, ...wanted], []),
    extraFiles: [constraints],
  };
}

/** What starts with a dash would be taken for an option, and no argument can hold a NUL. */
function isRequirement(line: string): boolean {
  return line !== '' && !line.startsWith('-') && !line.includes('\0');
}

function fromUv({ pyproject }: PythonManifests, servers: string[]): PythonInstall {
  const uv = [python, '-m', 'uv'];
  const here = ['--python', python];
  const isPackage = pyproject?.['build-system'] !== undefined || pyproject?.tool.uv?.package;
  const local = isPackage || pyproject?.tool.uv?.workspace !== undefined;
  return {
    install: [
      createVenv,
      pipInstall(['uv']),
      [
        ...[...uv, 'export', '--frozen', '--no-dev', '--no-editable', '--no-python-downloads'],
        ...['--quiet', ...here, '--output-file', exported],
      ],
      [...uv, 'pip', 'install', ...here, '--requirement', exported],
      ...(servers.length > 0 ? [pipInstall(servers)] : []),
    ],
    manifests: local ? [] : ['pyproject.toml', 'uv.lock'],
  };
}

function fromPoetry({ locks, pyproject }: PythonManifests, servers: string[]): PythonInstall {
  // A tool with forty dependencies of its own must not meet those of the app.
  const tools = '.borgos/tools/python';
  const poetry = [`${tools}/bin/python`, '-m', 'poetry'];
  const locked = locks.has('poetry.lock');
  const local = Object.values(pyproject?.tool.poetry?.dependencies ?? {}).some(
    (wanted) => typeof wanted === 'object' && wanted !== null && 'path' in wanted,
  );
  return {
    install: [
      createVenv,
      ['python3', '-m', 'venv', tools],
      [`${tools}/bin/python`, '-m', 'pip', 'install', 'poetry', 'poetry-plugin-export'],
      ...(locked ? [] : [[...poetry, 'lock']]),
      [...poetry, 'export', '--only', 'main', '--without-hashes', '--output', exported],
      pipInstall(['--requirement', exported, ...servers]),
    ],
    manifests: local ? [] : ['pyproject.toml', ...(locked ? ['poetry.lock'] : [])],
  };
}

/** Pipfile.lock is plain enough to be read here: pipenv itself could only print it. */
function fromPipfile({ pipfile, pipfileLock }: PythonManifests, servers: string[]): PythonInstall {
  const wanted = Object.entries(pipfileLock?.default ?? pipfile?.packages ?? {})
    .map(([name, entry]) => requirementOf(name, entry))
    .concat(servers)
    .filter(isRequirement);
  if (wanted.length === 0) return nothing;
  const manifests = ['Pipfile', ...(pipfileLock ? ['Pipfile.lock'] : [])];
  return pip(wanted, wanted.some((requirement) => requirement.startsWith('.')) ? [] : manifests);
}

function requirementOf(name: string, entry: PipfilePackage): string {
  if (entry.path) return entry.path.startsWith('.') ? entry.path : `./${entry.path}`;
  const extras = entry.extras.length > 0 ? `[${entry.extras.join(',')}]` : '';
  const markers = entry.markers ? ` ; ${entry.markers}` : '';
  const ref = entry.ref ? `@${entry.ref}` : '';
  const source = entry.git ? `git+${entry.git}${ref}` : entry.file;
  if (source) return `${name}${extras} @ ${source}${markers}`;
  const version = entry.version === '*' ? '' : (entry.version ?? '');
  return `${name}${extras}${version}${markers}`;
}
