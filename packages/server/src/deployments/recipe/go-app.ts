import type { Recipe } from '../recipe.ts';
import { programs, startOfProgram } from './built-program.ts';
import { findGoMain, type GoMain } from './go-main.ts';
import type { Procfile } from './procfile.ts';
import type { ProjectFiles } from './project-files.ts';
import { findPinnedVersion } from './tool-versions.ts';

const portOfGo = 8080;

/** Packages that are written in C, too: without it they compile, and then fail when they are used. */
const inC =
  /\b(github\.com\/(mattn\/go-sqlite3|confluentinc\/confluent-kafka-go|h2non\/bimg|davidbyttow\/govips|tecbot\/gorocksdb|libgit2\/git2go|chai2010\/webp|DataDog\/zstd)|gopkg\.in\/confluentinc|gorm\.io\/driver\/sqlite)\b/;

/** A server in Go: a `package main` of a module, of a workspace, or of a lone main.go. */
export async function detectGoApp(
  project: ProjectFiles,
  procfile: Procfile | undefined,
): Promise<Recipe | undefined> {
  const module = await project.read('go.mod');
  const workspace = await project.read('go.work');
  const main = await findGoMain(project, { module, workspace });
  if (main === undefined) return undefined;
  const required = await requirements(project, main, module);
  const start = await startOfProgram(project, main.name, procfile);
  const c = inC.test(required);
  return {
    stack: 'go',
    foundBy: main.foundBy,
    dockerfile: null,
    version: await findGoVersion(project, module ?? workspace ?? ''),
    ...(await installation(project, { module, workspace, c })),
    build: [
      [
        ...['go', 'build', '-buildvcs=false', '-trimpath', '-ldflags=-s -w'],
        ...['-o', `${programs}/${main.name}`, main.package],
      ],
    ],
    start: start.argv,
    environment: {
      ...(required.includes('github.com/gin-gonic/gin') ? { GIN_MODE: 'release' } : {}),
      ...start.environment,
    },
    port: portOfGo,
    extraFiles: [],
    notes: [
      ...start.notes,
      `The program of ${main.package} is built${c ? ', with C, which a package of it needs' : ''}.`,
    ],
    // Of C's libraries only the image it was linked in is known to have the right ones.
    container: start.alone && !c ? { run: { image: 'distroless', copy: [`${programs}/`] } } : {},
  };
}

/** What is asked for by the modules of a workspace lies with them. */
async function requirements(
  project: ProjectFiles,
  main: GoMain,
  module: string | undefined,
): Promise<string> {
  const own = main.package === '.' ? undefined : await project.read(`${main.package}/go.mod`);
  return own ?? module ?? '';
}

async function installation(
  project: ProjectFiles,
  {
    module,
    workspace,
    c,
  }: { module?: string | undefined; workspace?: string | undefined; c: boolean },
): Promise<{ install: string[][]; manifests: string[] }> {
  // Kept by `go` itself in its home, so that it holds for the build, too. Without C the program
  // needs no library of the image it runs in; and modules must not be read-only, or nobody but root
  // could remove the folder again.
  const settings = ['go', 'env', '-w', ...(c ? [] : ['CGO_ENABLED=0']), 'GOFLAGS=-modcacherw'];
  if (module === undefined && workspace === undefined)
    return { install: [settings], manifests: [] };
  const vendored = await project.isFile('vendor/modules.txt');
  const local = vendored || workspace !== undefined || /=>\s*\.{0,2}\//.test(module ?? '');
  const files = ['go.mod', ...((await project.isFile('go.sum')) ? ['go.sum'] : [])];
  return {
    install: [settings, ...(vendored ? [] : [['go', 'mod', 'download']])],
    manifests: local ? [] : files,
  };
}

/** Go 1 compiles what was written for an older one, so what go.mod says is the least that will do. */
async function findGoVersion(project: ProjectFiles, manifest: string): Promise<string | null> {
  const toolchain = /^toolchain[ \t]+go(\d+\.\d+)/m.exec(manifest)?.[1];
  const language = /^go[ \t]+(\d+\.\d+)/m.exec(manifest)?.[1];
  const pinned = await findPinnedVersion(project, 'go', ['.go-version']);
  return (pinned && /^\d+\.\d+/.exec(pinned)?.[0]) ?? toolchain ?? language ?? null;
}
