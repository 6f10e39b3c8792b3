import type { Dependency, DependencyScope, LockedPackage, Manifest } from './manifest.ts';

/** What a reader found; what it leaves out is empty. */
export type Draft = {
  -readonly [Key in Exclude<keyof Manifest, 'ecosystem' | 'file'>]?: Manifest[Key] | undefined;
};

/** @throws ManifestFault for a file that is broken. */
export type Reader = (text: string, path: string) => Draft;

export const MAX_DEPENDENCIES = 50_000;

const ANY_VERSION = new Set([
  '',
  '*',
  'x',
  'any',
  'latest',
  '+',
  'release',
  'latest.release',
  'latest.integration',
  '>=0',
  '>=0.0.0',
]);

/** `unpinned`: default: whether the range lets any version in. */
export function dependency(
  name: string,
  range: string,
  scope: DependencyScope = 'runtime',
  unpinned: boolean = ANY_VERSION.has(range.replaceAll(' ', '').toLowerCase()),
): Dependency {
  return { name, range, scope, unpinned };
}

/** Keeps each name and version once, and stops at the bound: a lock may be made to be endless. */
export function collectLocked() {
  const seen = new Set<string>();
  const locked: LockedPackage[] = [];
  return {
    locked,
    add(name: string, version: string): void {
      const key = `${name}\n${version}`;
      if (locked.length >= MAX_DEPENDENCIES || !name || seen.has(key)) return;
      seen.add(key);
      locked.push({ name, version });
    },
  };
}
