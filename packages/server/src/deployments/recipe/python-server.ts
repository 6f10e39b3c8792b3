import type { ProjectFiles } from './project-files.ts';
import { python } from './python-install.ts';

export interface PythonServer {
  /** Packages that `argv` needs, by the name they are installed by. */
  needs: string[];
  argv: string[];
  /** The port that frameworks of its kind have. */
  port: number;
  note: string;
}

/** An app stands near the top of its file. */
const sourceBytes = 256 * 1024;
const mainNames = ['main', 'app', 'server', 'api', 'asgi', 'wsgi', 'application', 'run', 'index'];
const folders = ['', 'src', 'app', 'api', 'backend', 'server'];
const mostFolders = 50;

/**
 * How a web app is served: Django, or the first file with an object of FastAPI, Flask and their
 * like, found by reading the sources. `undefined`: the project has none, so its main file is run.
 */
export async function findPythonServer(
  project: ProjectFiles,
  wanted: Set<string>,
): Promise<PythonServer | undefined> {
  const django = await findDjango(project);
  if (django) return django;
  for (const file of await candidates(project)) {
    const source = await project.head(file, sourceBytes);
    if (source === undefined) continue;
    if (wanted.has('streamlit') && /^[ \t]*(?:import|from)[ \t]+streamlit\b/m.test(source)) {
      return streamlit(file);
    }
    const app = findAppObject(source);
    if (app) return serve(file, source, app);
  }
  return undefined;
}

async function candidates(project: ProjectFiles): Promise<string[]> {
  const entries = await project.list('.');
  const named = folders.flatMap((folder) =>
    mainNames.map((name) => `${folder}${folder ? '/' : ''}${name}.py`),
  );
  const initial = folders
    .filter((folder) => folder !== '')
    .map((folder) => `${folder}/__init__.py`);
  const packages = entries
    .filter(({ name, kind }) => kind === 'directory' && /^[A-Za-z_]\w*$/.test(name))
    .filter(
      ({ name }) => !folders.includes(name) && !/^(tests?|docs?|venv|node_modules)$/.test(name),
    )
    .slice(0, mostFolders)
    .flatMap(({ name }) =>
      ['main', 'app', 'server', 'api', '__init__'].map((file) => `${name}/${file}.py`),
    );
  const others = entries.filter(
    ({ name, kind }) => kind === 'file' && /^[A-Za-z_]\w*\.py$/.test(name),
  );
  const atTop = others
    .map(({ name }) => name)
    .filter((name) => !/^(setup|conftest|manage|test_.*)\.py$/.test(name));
  return [...new Set([...named, ...initial, ...packages, ...atTop.slice(0, mostFolders)])];
}

interface AppObject {
  /** `app`, or `create_app()`. */
  expression: string;
  kind: 'asgi' | 'wsgi';
  factory: boolean;
}

const asgi = 'FastAPI|Starlette|Quart|Litestar|Robyn';
const wsgi = 'Flask|Bottle|APIFlask';

/** The app of a module: an object at its top level, or a function that makes one. */
export function findAppObject(source: string): AppObject | undefined {
  // A name of a type is letters and dots, so that each pattern looks at a line once.
  const object = new RegExp(
    `^([A-Za-z_]\\w{0,99})[ \\t]*(?::[ \\t]*[\\w.]{1,99}[ \\t]*)?=[ \\t]*(?:[\\w]{1,99}\\.)?(?:(${asgi})|(${wsgi}))[ \\t]*\\(`,
    'm',
  ).exec(source);
  if (object) {
    return { expression: object[1] ?? '', kind: object[2] ? 'asgi' : 'wsgi', factory: false };
  }
  const made = new RegExp(`\\b(?:(${asgi})|(${wsgi}))[ \\t]*\\(`).exec(source);
  if (!made) return undefined;
  const kind = made[1] ? 'asgi' : 'wsgi';
  const factory = /^(?:async[ \t]+)?def[ \t]+(create_app|make_app|get_app|build_app)[ \t]*\(/m.exec(
    source,
  )?.[1];
  const called = /^(app|application)[ \t]*(?::[ \t]*[\w.]{1,99}[ \t]*)?=[ \t]*\w{1,99}\(/m.exec(
    source,
  )?.[1];
  if (called) return { expression: called, kind, factory: false };
  return factory ? { expression: factory, kind, factory: true } : undefined;
}

function serve(file: string, source: string, app: AppObject): PythonServer {
  const { module, folder } = moduleOf(file, source);
  const found = `${file} has the app "${app.expression}"`;
  if (app.kind === 'asgi') {
    return {
      needs: ['uvicorn'],
      argv: [
        ...[python, '-m', 'uvicorn', '--host', '{HOST}', '--port', '{PORT}'],
        ...(folder ? ['--app-dir', folder] : []),
        ...(app.factory ? ['--factory'] : []),
        `${module}:${app.expression}`,
      ],
      port: 8000,
      note: `${found}: served by uvicorn.`,
    };
  }
  return {
    needs: ['gunicorn'],
    argv: [
      ...gunicorn,
      ...(folder ? ['--chdir', folder] : []),
      `${module}:${app.expression}${app.factory ? '()' : ''}`,
    ],
    port: 8000,
    note: `${found}: served by gunicorn.`,
  };
}

/** Threads: one slow request must not keep the health check, or anybody else, waiting. */
const gunicorn = [python, '-m', 'gunicorn', '--bind', '{HOST}:{PORT}', '--threads', '4'];

/** What is to be imported, and from which folder if not from the root. */
function moduleOf(file: string, source: string): { module: string; folder: string | undefined } {
  const dotted = file
    .replace(/\.py$/, '')
    .replace(/\/__init__$/, '')
    .replaceAll('/', '.');
  // "src" is where sources are, not a package, unless the file itself sees it as one.
  const fromSrc = file.startsWith('src/') && !/^[ \t]*from[ \t]+(?:src\b|\.)/m.test(source);
  return fromSrc && dotted !== 'src'
    ? { module: dotted.slice('src.'.length), folder: 'src' }
    : { module: dotted, folder: undefined };
}

function streamlit(file: string): PythonServer {
  return {
    needs: [],
    argv: [
      ...[python, '-m', 'streamlit', 'run', file, '--server.address', '{HOST}'],
      ...['--server.port', '{PORT}', '--server.headless', 'true'],
    ],
    port: 8501,
    note: `${file} is a Streamlit app.`,
  };
}

async function findDjango(project: ProjectFiles): Promise<PythonServer | undefined> {
  const manage = await project.head('manage.py', sourceBytes);
  if (manage === undefined || !/django/i.test(manage)) return undefined;
  const settings = /DJANGO_SETTINGS_MODULE['"][ \t]*,\s{0,99}['"]([A-Za-z_]\w*)/.exec(manage)?.[1];
  const packages = (await project.list('.')).filter(({ kind }) => kind === 'directory');
  const names = [...(settings ? [settings] : []), ...packages.map(({ name }) => name)];
  for (const name of names.slice(0, mostFolders)) {
    if (!/^[A-Za-z_]\w*$/.test(name) || !(await project.isFile(`${name}/wsgi.py`))) continue;
    return {
      needs: ['gunicorn'],
      argv: [...gunicorn, `${name}.wsgi`],
      port: 8000,
      note: `A Django project: ${name}/wsgi.py is served by gunicorn. Migrations are not run.`,
    };
  }
  return {
    needs: [],
    argv: [python, 'manage.py', 'runserver', '--noreload', '{HOST}:{PORT}'],
    port: 8000,
    note: "A Django project without wsgi.py: served by Django's server for development.",
  };
}
