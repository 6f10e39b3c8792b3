import { type BrokenManifest, type Dependency, isBroken, type Manifest } from './manifest.ts';

export interface DependencySummary {
  /** Distinct packages that are asked for, those of its own workspaces and images left out. */
  readonly direct: number;
  /** Those of them that let any version in, with the file that does. */
  readonly unpinned: readonly { readonly name: string; readonly file: string }[];
  readonly locked: number;
  /** Packages that a lock holds in more than one version, most versions first. */
  readonly duplicates: readonly { readonly name: string; readonly versions: readonly string[] }[];
}

/** What all manifests and locks of a project come to. */
export function summarizeManifests(all: readonly (Manifest | BrokenManifest)[]): DependencySummary {
  const manifests = all.filter((manifest) => !isBroken(manifest)) as Manifest[];
  const packages = manifests.filter(({ ecosystem }) => ecosystem !== 'docker');
  const own = new Set(packages.map((manifest) => keyOf(manifest, manifest.name ?? '')));
  const direct = new Map<string, { file: string; dependency: Dependency }>();
  for (const manifest of packages) {
    for (const dependency of manifest.direct) {
      const key = keyOf(manifest, dependency.name);
      if (own.has(key)) continue;
      const known = direct.get(key);
      if (!known || (dependency.unpinned && !known.dependency.unpinned)) {
        direct.set(key, { file: manifest.file, dependency });
      }
    }
  }
  const versions = versionsOf(packages);
  return {
    direct: direct.size,
    unpinned: [...direct.values()].flatMap(({ file, dependency }) =>
      dependency.unpinned ? { name: dependency.name, file } : [],
    ),
    locked: versions.length,
    duplicates: versions
      .filter((entry) => entry.versions.length > 1)
      .sort((a, b) => b.versions.length - a.versions.length || (a.name < b.name ? -1 : 1)),
  };
}

/** Within one lock: two projects side by side may each have their own. */
function versionsOf(manifests: readonly Manifest[]): { name: string; versions: string[] }[] {
  return manifests.flatMap((manifest) => {
    const found = new Map<string, string[]>();
    for (const { name, version } of manifest.locked) {
      const list = found.get(name);
      if (list) list.push(version);
      else found.set(name, [version]);
    }
    return [...found].map(([name, versions]) => ({ name, versions }));
  });
}

/** `requests` is one package, whether pip or conda brings it. */
function keyOf({ ecosystem }: Manifest, name: string): string {
  return `${ecosystem === 'conda' ? 'pypi' : ecosystem}:${name}`;
}
