import type { ProjectFiles } from './project-files.ts';
import { insideProject } from './static-site.ts';

export interface GoMain {
  foundBy: string;
  /** What is built: `.`, `./cmd/server`, or `main.go` where there is no module. */
  package: string;
  /** The name of the program. */
  name: string;
}

const mostFolders = 60;
const headBytes = 16 * 1024;
const serverNames = ['server', 'web', 'api', 'app', 'main', 'http'];

/** Which `package main` is the server: at the top, in cmd/, in a folder at the top, or in a module. */
export async function findGoMain(
  project: ProjectFiles,
  { module, workspace }: { module: string | undefined; workspace: string | undefined },
): Promise<GoMain | undefined> {
  const named = nameOfModule(module);
  if (module !== undefined) {
    if (await isMain(project, '.'))
      return { foundBy: 'go.mod', package: '.', name: named ?? 'app' };
    const folder =
      choose(await mainsIn(project, 'cmd'), named) ?? choose(await mainsIn(project, '.'), named);
    if (folder === undefined) return undefined;
    return { foundBy: 'go.mod', package: `./${folder}`, name: lastOf(folder) };
  }
  if (workspace !== undefined) {
    const mains: string[] = [];
    for (const folder of modulesOf(workspace))
      if (await isMain(project, folder)) mains.push(folder);
    const folder = choose(mains, undefined);
    if (folder === undefined) return undefined;
    return { foundBy: 'go.work', package: `./${folder}`, name: lastOf(folder) };
  }
  const lone = await project.head('main.go', headBytes);
  return lone !== undefined && packageMain.test(lone)
    ? { foundBy: 'main.go', package: 'main.go', name: 'app' }
    : undefined;
}

const packageMain = /^package[ \t]+main\b/m;

async function isMain(project: ProjectFiles, folder: string): Promise<boolean> {
  const files = (await project.list(folder))
    .filter(({ name, kind }) => kind === 'file' && /(?<!_test)\.go$/.test(name))
    .sort((a, b) => Number(b.name === 'main.go') - Number(a.name === 'main.go'));
  for (const { name } of files.slice(0, 5)) {
    const source = await project.head(folder === '.' ? name : `${folder}/${name}`, headBytes);
    // A file that is left out of the build is often a generator, which is a program, too.
    if (source === undefined || /^\/\/ ?(go:build|\+build)[ \t]+ignore\b/m.test(source)) continue;
    if (packageMain.test(source)) return true;
  }
  return false;
}

async function mainsIn(project: ProjectFiles, parent: string): Promise<string[]> {
  const folders = (await project.list(parent)).filter(
    ({ name, kind }) =>
      kind === 'directory' && !/^([._]|vendor$|testdata$|examples?$|tools?$)/.test(name),
  );
  const mains: string[] = [];
  for (const { name } of folders.slice(0, mostFolders)) {
    const folder = parent === '.' ? name : `${parent}/${name}`;
    if (await isMain(project, folder)) mains.push(folder);
  }
  return mains;
}

/** By the module's own name, by a name that a server has, else the first. */
function choose(folders: string[], module: string | undefined): string | undefined {
  const names = [...(module ? [module] : []), ...serverNames];
  for (const name of names) {
    const folder = folders.find((candidate) => lastOf(candidate) === name);
    if (folder !== undefined) return folder;
  }
  return folders[0];
}

/** `example.com/shop/v2` is called shop. */
function nameOfModule(module: string | undefined): string | undefined {
  const path = /^module[ \t]+"?([^\s"]{1,300})/m.exec(module ?? '')?.[1]?.replace(/\/v\d+$/, '');
  const name = path === undefined ? undefined : lastOf(path);
  return name !== undefined && /^[A-Za-z0-9][\w.-]*$/.test(name) ? name : undefined;
}

function modulesOf(workspace: string): string[] {
  const block = /^use[ \t]*\(([^)]*)/m.exec(workspace)?.[1]?.split('\n') ?? [];
  const single = [...workspace.matchAll(/^use[ \t]+([^\s(]+)/gm)].map((match) => match[1] ?? '');
  return [...block, ...single]
    .map((line) =>
      insideProject(
        line
          .replace(/\/\/.*$/, '')
          .trim()
          .replaceAll('"', ''),
      ),
    )
    .filter((folder) => folder !== undefined)
    .slice(0, mostFolders);
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
