import { type CargoManifest, readCargoManifest } from './cargo-manifest.ts';
import type { ProjectFiles } from './project-files.ts';
import { insideProject } from './static-site.ts';

interface RustProgram {
  name: string;
  /** The folder of its package, relative. */
  folder: string;
  manifest: CargoManifest;
}

const mostMembers = 60;
const serverNames = ['server', 'web', 'api', 'app', 'main', 'backend'];
const webFrameworks = [
  ...['axum', 'actix-web', 'rocket', 'warp', 'hyper', 'poem', 'tide', 'salvo', 'tonic', 'rouille'],
  ...['tiny_http', 'leptos_axum', 'loco-rs', 'ntex', 'gotham'],
];

/** Which program is the server: of the package at the top, else of the members of its workspace. */
export async function findRustProgram(
  project: ProjectFiles,
  top: CargoManifest,
): Promise<RustProgram | undefined> {
  const own = await programOf(project, '.', top);
  if (own || top.workspace === undefined) return own;
  const first = await expand(project, top.workspace['default-members']);
  const all = await expand(project, top.workspace.members);
  const found: RustProgram[] = [];
  for (const folder of [...new Set([...first, ...all])].slice(0, mostMembers)) {
    const manifest = await readCargoManifest(project, folder);
    const program = manifest && (await programOf(project, folder, manifest));
    if (program && first.includes(folder)) return program;
    if (program) found.push(program);
  }
  return (
    found.find(({ manifest }) => webFrameworks.some((name) => manifest.dependencies.has(name))) ??
    found.find(({ name }) => serverNames.includes(name)) ??
    found[0]
  );
}

async function programOf(
  project: ProjectFiles,
  folder: string,
  manifest: CargoManifest,
): Promise<RustProgram | undefined> {
  const name = await nameOfProgram(project, folder, manifest);
  return name !== undefined && /^[A-Za-z0-9_][\w-]*$/.test(name)
    ? { name, folder, manifest }
    : undefined;
}

async function nameOfProgram(
  project: ProjectFiles,
  folder: string,
  { package: own, bins }: CargoManifest,
): Promise<string | undefined> {
  if (own === undefined) return undefined;
  if (own['default-run'] !== undefined) return own['default-run'];
  const inFolder = (path: string) => (folder === '.' ? path : `${folder}/${path}`);
  const names = [...bins];
  if (own.autobins && (await project.isFile(inFolder('src/main.rs')))) {
    // A [[bin]] may give src/main.rs another name, which then is the only one.
    if (bins.length === 0 || bins.includes(own.name)) return own.name;
  }
  if (own.autobins) {
    for (const { name, kind } of await project.list(inFolder('src/bin'))) {
      if (kind === 'directory') names.push(name);
      else if (name.endsWith('.rs')) names.push(name.slice(0, -'.rs'.length));
    }
  }
  return names.find((name) => serverNames.includes(name)) ?? names[0];
}

/** `crates/*` as the folders it stands for; a star in the middle is left out. */
async function expand(project: ProjectFiles, members: string[]): Promise<string[]> {
  const folders: string[] = [];
  for (const member of members.slice(0, mostMembers)) {
    const parent = /^(?:(.*)\/)?\*$/.exec(member);
    const folder = insideProject(parent ? (parent[1] ?? '.') : member);
    if (folder === undefined || folder.includes('*')) continue;
    if (!parent) folders.push(folder);
    else {
      for (const { name, kind } of await project.list(folder)) {
        if (kind === 'directory') folders.push(folder === '.' ? name : `${folder}/${name}`);
      }
    }
  }
  return folders;
}
