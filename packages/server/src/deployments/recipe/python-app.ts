import type { Recipe } from '../recipe.ts';
import type { Procfile } from './procfile.ts';
import type { ProjectFiles } from './project-files.ts';
import { installCommands, python } from './python-install.ts';
import {
  mainManifest,
  type PythonManifests,
  readPythonManifests,
  wantedPackages,
} from './python-manifests.ts';
import { findPythonServer } from './python-server.ts';
import { findPythonVersion } from './python-version.ts';

const portOfPython = 8000;
const mainFiles = [
  'main.py',
  'app.py',
  'server.py',
  'run.py',
  'bot.py',
  '__main__.py',
  'src/main.py',
  'src/app.py',
  'app/main.py',
];

/**
 * An app in Python with a manifest: requirements.txt, pyproject.toml, Pipfile or manage.py.
 * Throws `ReleaseFailure` STACK_NOT_FOUND for a broken one.
 */
export async function detectPythonApp(
  project: ProjectFiles,
  procfile: Procfile | undefined,
): Promise<Recipe | undefined> {
  const manifests = await readPythonManifests(project);
  const foundBy =
    mainManifest(manifests) ?? ((await project.isFile('manage.py')) ? 'manage.py' : undefined);
  return foundBy === undefined ? undefined : pythonRecipe(project, manifests, foundBy, procfile);
}

/** Without a manifest: a program of the standard library alone, or an app whose framework is added. */
export async function detectPythonFile(
  project: ProjectFiles,
  procfile: Procfile | undefined,
): Promise<Recipe | undefined> {
  const main = await findMainFile(project);
  const manifests = await readPythonManifests(project);
  const usesPython = procfile !== undefined && pythonPrograms.test(procfile.argv[0] ?? '');
  if (main === undefined && !usesPython) return undefined;
  return pythonRecipe(project, manifests, main ?? 'Procfile', procfile);
}

/** Programs that only mean something where Python is. */
export const pythonPrograms =
  /^(python[\d.]*|gunicorn|uvicorn|hypercorn|daphne|waitress-serve|flask|streamlit)$/;

interface Start {
  argv: string[];
  needs: string[];
  port: number;
  notes: string[];
  asPackage: boolean;
}

async function pythonRecipe(
  project: ProjectFiles,
  manifests: PythonManifests,
  foundBy: string,
  procfile: Procfile | undefined,
): Promise<Recipe | undefined> {
  const wanted = wantedPackages(manifests);
  const start = procfile ? startOfProcfile(procfile) : await findStart(project, manifests, wanted);
  if (start === undefined) return undefined;
  const servers = start.needs.filter((name) => !wanted.has(name));
  const {
    install,
    manifests: read,
    extraFiles = [],
  } = installCommands(manifests, {
    servers,
    asPackage: start.asPackage,
  });
  const notes = servers.map((name) => `${name} is added, as the project does not list it.`);
  const system = install.length === 0;
  const onSystem = (argv: string[]) =>
    system && argv[0] === python ? ['python3', ...argv.slice(1)] : argv;
  return {
    stack: 'python',
    foundBy,
    dockerfile: null,
    version: await findPythonVersion(project, manifests),
    manifests: read,
    install,
    build: (await collectStatic(project)).map(onSystem),
    start: onSystem(start.argv),
    // Else what an app prints shows up in its log when a buffer is full, or never after a crash.
    environment: { PYTHONUNBUFFERED: '1', ...procfile?.environment },
    port: start.port,
    extraFiles,
    notes: [...start.notes, ...notes],
  };
}

/** The interpreter that sees what was installed, even where PATH has another one first. */
function startOfProcfile({ argv, notes }: Procfile): Start {
  const interpreter = /^python[\d.]*$/.test(argv[0] ?? '');
  return {
    argv: interpreter ? [python, ...argv.slice(1)] : argv,
    needs: ['gunicorn', 'uvicorn'].filter((name) => name === argv[0]),
    port: portOfPython,
    notes,
    asPackage: false,
  };
}

async function findStart(
  project: ProjectFiles,
  manifests: PythonManifests,
  wanted: Set<string>,
): Promise<Start | undefined> {
  const server = await findPythonServer(project, wanted);
  if (server) return { ...server, notes: [server.note], asPackage: false };
  const runs = (argv: string[], asPackage = false): Start => ({
    argv,
    needs: [],
    port: portOfPython,
    notes: [
      `Started as "${argv.join(' ').replace(python, 'python')}": no web framework was found.`,
    ],
    asPackage,
  });
  const main = await findMainFile(project);
  if (main !== undefined) return runs([python, main]);
  for (const { name, kind } of await project.list('.')) {
    const isPackage = kind === 'directory' && /^[A-Za-z_][\w-]*$/.test(name);
    if (isPackage && (await project.isFile(`${name}/__main__.py`))) return runs([python, name]);
  }
  const command = Object.keys(manifests.pyproject?.project?.scripts ?? {})[0];
  if (command && /^[A-Za-z0-9][\w.-]*$/.test(command))
    return runs([`.borgos/venv/bin/${command}`], true);
  return undefined;
}

/** By name, else the only Python file at the top. */
async function findMainFile(project: ProjectFiles): Promise<string | undefined> {
  for (const file of mainFiles) if (await project.isFile(file)) return file;
  const files = (await project.list('.')).filter(
    ({ name, kind }) =>
      kind === 'file' &&
      /^[A-Za-z_]\w*\.py$/.test(name) &&
      !/^(setup|conftest|manage|test_.*)\.py$/.test(name),
  );
  return files.length === 1 ? files[0]?.name : undefined;
}

/** Only where it can work: settings say where to, and ask for no variable that a build hasn't got. */
async function collectStatic(project: ProjectFiles): Promise<string[][]> {
  const manage = await project.head('manage.py', 64 * 1024);
  const settings = /DJANGO_SETTINGS_MODULE['"][ \t]*,\s{0,99}['"]([\w.]{1,200})['"]/.exec(
    manage ?? '',
  )?.[1];
  if (settings === undefined) return [];
  const source = await project.head(`${settings.replaceAll('.', '/')}.py`, 256 * 1024);
  if (source === undefined || !/^STATIC_ROOT[ \t]*=/m.test(source)) return [];
  if (/os\.environ\[|\bconfig\(|\benv[.(]/.test(source)) return [];
  return [[python, 'manage.py', 'collectstatic', '--noinput']];
}
