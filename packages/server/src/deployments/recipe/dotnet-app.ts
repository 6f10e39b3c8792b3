import type { Recipe } from '../recipe.ts';
import type { Procfile } from './procfile.ts';
import type { ProjectFiles } from './project-files.ts';

const portOfDotnet = 8080;
const program = '.borgos/app';
const mostFolders = 40;

interface DotnetProject {
  /** Of its project file. */
  path: string;
  assembly: string;
  web: boolean;
  /** `8.0`. */
  version: string | null;
  /** A library or a test can't be started. */
  runs: boolean;
}

/** A server, or another program, in C#, F# or Visual Basic. */
export async function detectDotnetApp(
  project: ProjectFiles,
  procfile: Procfile | undefined,
): Promise<Recipe | undefined> {
  const found = await findProject(project);
  if (found === undefined) return undefined;
  const { path, assembly, web } = found;
  const listen = web ? ['env', 'ASPNETCORE_URLS=http://{HOST}:{PORT}'] : [];
  return {
    stack: 'dotnet',
    foundBy: path,
    dockerfile: null,
    version: found.version ?? (await findSdkVersion(project)),
    // A project refers to others, and all of them have a part in what is restored.
    manifests: [],
    install: [['dotnet', 'restore', path]],
    build: [
      [
        ...['dotnet', 'publish', path, '--configuration', 'Release', '--no-restore'],
        ...['--output', program, '-p:UseAppHost=false'],
      ],
    ],
    start: procfile?.argv ?? [...listen, 'dotnet', `${program}/${assembly}.dll`],
    environment: {
      // Relative to the program: there its settings and pages are published.
      ...(web ? { ASPNETCORE_CONTENTROOT: '.' } : {}),
      DOTNET_NOLOGO: '1',
      ...procfile?.environment,
    },
    port: portOfDotnet,
    extraFiles: [],
    notes: procfile?.notes ?? [
      web ? `${path} is a web app.` : `${path} is a program: to be healthy it must listen on PORT.`,
    ],
    container: procfile
      ? {}
      : { run: { image: web ? 'aspnet' : 'dotnet-runtime', copy: [`${program}/`] } },
  };
}

/** The web project among those at the top, or those a solution has in its folders. */
async function findProject(project: ProjectFiles): Promise<DotnetProject | undefined> {
  const files = await projectFilesIn(project, '.');
  const solution = (await project.list('.')).some(({ name }) => /\.slnx?$/.test(name));
  if (files.length === 0 && solution) {
    const parents = ['.', 'src'];
    for (const parent of parents) {
      for (const { name, kind } of (await project.list(parent)).slice(0, mostFolders)) {
        if (kind !== 'directory' || name.startsWith('.')) continue;
        files.push(...(await projectFilesIn(project, parent === '.' ? name : `${parent}/${name}`)));
      }
    }
  }
  const found: DotnetProject[] = [];
  for (const path of files.slice(0, mostFolders)) {
    const entry = await readProject(project, path);
    if (entry?.runs) found.push(entry);
  }
  return found.find(({ web }) => web) ?? found[0];
}

async function projectFilesIn(project: ProjectFiles, folder: string): Promise<string[]> {
  return (await project.list(folder))
    .filter(({ name, kind }) => kind === 'file' && /\.(cs|fs|vb)proj$/.test(name))
    .map(({ name }) => (folder === '.' ? name : `${folder}/${name}`));
}

async function readProject(
  project: ProjectFiles,
  path: string,
): Promise<DotnetProject | undefined> {
  const text = await project.read(path);
  if (text === undefined) return undefined;
  const value = (name: string) =>
    new RegExp(`<${name}>\\s{0,99}([^<\\s$][^<$]{0,200}?)\\s{0,99}</${name}>`).exec(text)?.[1];
  const sdk = /<Project[^>]{0,200}\bSdk\s*=\s*["']([^"']{1,100})/.exec(text)?.[1] ?? '';
  const frameworks = value('TargetFrameworks?') ?? value('TargetFramework') ?? '';
  const file = path.slice(path.lastIndexOf('/') + 1).replace(/\.\w+proj$/, '');
  const web = sdk.startsWith('Microsoft.NET.Sdk.Web') || /Microsoft\.AspNetCore\.App/.test(text);
  const tests = /Microsoft\.NET\.Test\.Sdk|<IsTestProject>\s*true/i.test(text);
  const program = web || /Worker/.test(sdk) || /<OutputType>\s*(Win)?Exe/i.test(text);
  const version = [...frameworks.matchAll(/net(?:coreapp)?(\d{1,2}\.\d)/g)].at(-1)?.[1] ?? null;
  return { path, assembly: value('AssemblyName') ?? file, web, version, runs: program && !tests };
}

async function findSdkVersion(project: ProjectFiles): Promise<string | null> {
  const global = await project.head('global.json', 16 * 1024);
  return /"version"\s*:\s*"(\d{1,2}\.\d)/.exec(global ?? '')?.[1] ?? null;
}
