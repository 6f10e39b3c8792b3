import { z } from 'zod';
import { parseJsonManifest, parseTomlManifest } from './manifest.ts';
import type { ProjectFiles } from './project-files.ts';

/** Of a lockfile, which no person writes. */
const largestLock = 4 * 1024 * 1024;

const table = z.record(z.string(), z.unknown());

const pyproject = z.object({
  project: z
    .object({
      dependencies: z.array(z.string()).default([]),
      dynamic: z.array(z.string()).catch([]),
      'requires-python': z.string().optional().catch(undefined),
      scripts: z.record(z.string(), z.string()).catch({}),
    })
    .optional(),
  'build-system': table.optional().catch(undefined),
  tool: z
    .object({
      poetry: z
        .object({ dependencies: table.catch({}), 'package-mode': z.boolean().catch(true) })
        .optional()
        .catch(undefined),
      uv: z
        .object({ workspace: table.optional().catch(undefined), package: z.boolean().optional() })
        .optional()
        .catch(undefined),
    })
    .catch({ poetry: undefined, uv: undefined }),
});

/** A package as a Pipfile and its lockfile write it. */
const pipfilePackage = z.object({
  version: z.string().optional(),
  extras: z.array(z.string()).catch([]),
  markers: z.string().optional(),
  git: z.string().optional(),
  ref: z.string().optional(),
  path: z.string().optional(),
  file: z.string().optional(),
});
const pipfilePackages = z
  .record(
    z.string(),
    z.union([z.string().transform((version) => ({ version, extras: [] })), pipfilePackage]),
  )
  .catch({});
const pipfile = z.object({
  packages: pipfilePackages,
  requires: z.object({ python_version: z.string().optional() }).catch({}),
});
const pipfileLock = z.object({ default: pipfilePackages });

export type PipfilePackage = z.output<typeof pipfilePackage>;

export interface PythonManifests {
  requirements: string | undefined;
  pyproject: z.output<typeof pyproject> | undefined;
  pipfile: z.output<typeof pipfile> | undefined;
  pipfileLock: z.output<typeof pipfileLock> | undefined;
  /** Lockfiles that their own tools read. */
  locks: Set<'uv.lock' | 'poetry.lock'>;
  /** What pdm.lock pins, as `flask==3.0.1`. */
  pdmVersions: string[] | undefined;
}

/** Throws `ReleaseFailure` STACK_NOT_FOUND for one that is broken. */
export async function readPythonManifests(project: ProjectFiles): Promise<PythonManifests> {
  const toml = await project.read('pyproject.toml');
  const pip = await project.read('Pipfile');
  const lock = pip === undefined ? undefined : await project.read('Pipfile.lock');
  const locks: PythonManifests['locks'] = new Set();
  for (const name of ['uv.lock', 'poetry.lock'] as const) {
    if (await project.isFile(name)) locks.add(name);
  }
  return {
    requirements: await project.read('requirements.txt'),
    pyproject:
      toml === undefined ? undefined : parseTomlManifest('pyproject.toml', toml, pyproject),
    pipfile: pip === undefined ? undefined : parseTomlManifest('Pipfile', pip, pipfile),
    pipfileLock:
      lock === undefined ? undefined : parseJsonManifest('Pipfile.lock', lock, pipfileLock),
    locks,
    pdmVersions: await readPdmVersions(project),
  };
}

/** The names and versions alone: the hashes around them can make the file too large to be parsed. */
async function readPdmVersions(project: ProjectFiles): Promise<string[] | undefined> {
  const lock = await project.head('pdm.lock', largestLock);
  if (lock === undefined) return undefined;
  const versions = new Map<string, Set<string>>();
  const pattern =
    /^\[\[package\]\]\r?\nname = "([\w.-]{1,200})"\r?\nversion = "([\w.!+-]{1,200})"/gm;
  for (const [, name = '', version = ''] of lock.matchAll(pattern)) {
    versions.set(name, (versions.get(name) ?? new Set()).add(version));
  }
  // One with a version for each of several platforms is left to pip.
  return [...versions].flatMap(([name, all]) =>
    all.size === 1 ? [`${name}==${[...all][0]}`] : [],
  );
}

/** The file that says what is to be installed; `undefined` without one. */
export function mainManifest(manifests: PythonManifests): string | undefined {
  const { requirements, pyproject, pipfile } = manifests;
  // A pyproject.toml may only configure a linter beside a requirements.txt.
  const declares = pyproject?.project !== undefined || pyproject?.tool.poetry !== undefined;
  const locked = manifests.locks.size > 0 || manifests.pdmVersions !== undefined;
  if (declares && (locked || requirements === undefined)) return 'pyproject.toml';
  if (requirements !== undefined) return 'requirements.txt';
  if (pipfile) return 'Pipfile';
  return undefined;
}

/** `Flask[async]>=2 ; python_version > "3"` is about `flask`: lower case, one kind of dash. */
function packageName(requirement: string): string {
  const name = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)/.exec(requirement)?.[1] ?? '';
  return name.toLowerCase().replace(/[._-]+/g, '-');
}

/** The names of all packages that the manifests ask for. */
export function wantedPackages(manifests: PythonManifests): Set<string> {
  const { requirements, pyproject, pipfile, pipfileLock } = manifests;
  const all = [
    ...(requirements?.split('\n') ?? []),
    ...(pyproject?.project?.dependencies ?? []),
    ...Object.keys(pyproject?.tool.poetry?.dependencies ?? {}),
    ...Object.keys(pipfile?.packages ?? {}),
    ...Object.keys(pipfileLock?.default ?? {}),
  ];
  return new Set(all.map(packageName).filter((name) => name !== ''));
}
