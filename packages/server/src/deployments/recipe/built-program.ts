import type { Procfile } from './procfile.ts';
import type { ProjectFiles } from './project-files.ts';

/** Where a compiled program is put: it is in the search path. */
export const programs = '.borgos/bin';

interface ProgramStart {
  argv: string[];
  environment: Record<string, string>;
  /** Whether the start needs nothing but the program: then it can run in an image of its own. */
  alone: boolean;
  notes: string[];
}

/**
 * How a compiled program is started: by itself, or as a Procfile says. `./name`, `bin/name` and
 * `target/release/name` there mean the program, wherever it was put here.
 */
export async function startOfProgram(
  project: ProjectFiles,
  name: string,
  procfile: Procfile | undefined,
): Promise<ProgramStart> {
  const path = `${programs}/${name}`;
  if (procfile === undefined) return { argv: [path], environment: {}, alone: true, notes: [] };
  const { argv, environment, notes } = procfile;
  const [first = '', ...rest] = argv;
  const usual = /^(?:\.\/)?(?:bin\/|target\/release\/|out\/|build\/)?([^/]+)$/.exec(first)?.[1];
  const own = first.includes('/') && (await project.isFile(first));
  const means =
    usual === name || (usual !== undefined && placeholders.has(usual) && first !== usual);
  if (!own && means) return { argv: [path, ...rest], environment, alone: true, notes };
  return { argv, environment, alone: false, notes };
}

/** What people call a program that they build themselves. */
const placeholders = new Set(['app', 'out', 'main', 'server', 'web', 'program', 'binary']);
