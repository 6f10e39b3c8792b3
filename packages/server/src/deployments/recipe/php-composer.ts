import { z } from 'zod';
import { parseJsonManifest } from './manifest.ts';
import type { ProjectFiles } from './project-files.ts';
import { findPinnedVersion } from './tool-versions.ts';

const names = z.record(z.string(), z.unknown()).catch({});
const composerJson = z.object({ require: names, 'require-dev': names }, 'must be an object');
const composerLock = z.object({
  packages: z.array(z.object({ name: z.string(), require: names })).catch([]),
});

export interface Composer {
  framework: 'laravel' | 'symfony' | null;
  /** `8.3`; `null`: the newest will do. */
  version: string | null;
  install: string[][];
  /** Extensions of PHP that it or a package of it asks for, without `ext-`. */
  extensions: Set<string>;
}

/** What composer.json says. Throws `ReleaseFailure` STACK_NOT_FOUND for a broken one. */
export async function findComposer(project: ProjectFiles): Promise<Composer | undefined> {
  const text = await project.read('composer.json');
  if (text === undefined) return undefined;
  const manifest = parseJsonManifest('composer.json', text, composerJson);
  // A lockfile may be larger than what is read: then only what the project itself asks for is known.
  const lock = await project.head('composer.lock', 1024 * 1024);
  const required = Object.keys(manifest.require);
  const extensions = [...required, ...(lock === undefined ? [] : requiredByPackages(lock))]
    .filter((name) => name.startsWith('ext-'))
    .map((name) => name.slice('ext-'.length).toLowerCase());
  const packages = required.filter((name) => name.includes('/'));
  const php = manifest.require.php;
  const framework = frameworkOf(new Set(required), await project.isFile('artisan'));
  // Else its scripts would load what is only installed for development.
  const composer = [...(framework === 'symfony' ? ['env', 'APP_ENV=prod'] : []), ...command];
  const pinned = await findPinnedVersion(project, 'php', ['.php-version']);
  return {
    framework,
    version: pinned ?? (typeof php === 'string' ? versionOfConstraint(php) : null),
    install:
      packages.length === 0 && lock === undefined
        ? [[...composer, 'dump-autoload', '--optimize']]
        : [[...composer, 'install', '--no-dev', '--prefer-dist', '--optimize-autoloader']],
    extensions: new Set(extensions),
  };
}

const command = ['composer', '--no-interaction'];

function frameworkOf(required: Set<string>, artisan: boolean): Composer['framework'] {
  if (artisan || required.has('laravel/framework')) return 'laravel';
  return required.has('symfony/framework-bundle') ? 'symfony' : null;
}

function requiredByPackages(lock: string): string[] {
  try {
    const { packages } = composerLock.parse(JSON.parse(lock));
    return packages.flatMap((entry) => Object.keys(entry.require));
  } catch {
    // Composer will say what is wrong with it.
    return [];
  }
}

/** `^8.1` allows 8.4, but what is named is what it is tried with; `>=7.4` is open above. */
export function versionOfConstraint(constraint: string): string | null {
  const parts = constraint.slice(0, 200).split(/\|\|?/);
  const versions = parts
    .map((part) => /^\s*[\^~=v]*\s*(\d+\.\d+)/.exec(part)?.[1])
    .filter((version) => version !== undefined);
  const [newest] = versions.sort((a, b) => Number(b) - Number(a));
  return newest ?? null;
}
