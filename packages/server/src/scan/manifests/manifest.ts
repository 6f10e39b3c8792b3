/** Where the packages of a manifest come from. */
export type Ecosystem =
  | 'npm'
  | 'pypi'
  | 'conda'
  | 'go'
  | 'cargo'
  | 'maven'
  | 'composer'
  | 'rubygems'
  | 'nuget'
  | 'hex'
  | 'pub'
  | 'swift'
  | 'deno'
  | 'docker';

export type DependencyScope = 'runtime' | 'development' | 'optional';

export interface Dependency {
  readonly name: string;
  /** As written, without credentials; empty where there is none. */
  readonly range: string;
  readonly scope: DependencyScope;
  /** Any version will do: `*`, `latest`, none where one belongs. */
  readonly unpinned: boolean;
}

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
}

/** A manifest says what a project wants, a lock what it got. */
export interface Manifest {
  readonly ecosystem: Ecosystem;
  readonly file: string;
  readonly kind: 'manifest' | 'lock';
  readonly name: string | null;
  readonly version: string | null;
  /** What it asks for itself, each name once a scope. */
  readonly direct: readonly Dependency[];
  /** Every name and version once. */
  readonly locked: readonly LockedPackage[];
  /** Names only. */
  readonly scripts: readonly string[];
  /** Folders or patterns of packages that belong to it, as written. */
  readonly workspaces: readonly string[];
  /** Commands that it installs. */
  readonly commands: readonly string[];
  /** What builds it and is no dependency: Gradle plugins, a Maven parent, an SDK, a platform. */
  readonly plugins: readonly string[];
  /** Whether it is made to be used by other packages; missing where the file does not tell. */
  readonly isLibrary?: boolean;
  readonly packageManager: string | null;
  /** Versions that it needs to run: `{ node: '>=20' }`. */
  readonly engines?: Readonly<Record<string, string>>;
}

/** A manifest that cannot be read; `line` counts from 1, `null` where nothing tells it. */
export interface BrokenManifest {
  readonly ecosystem: Ecosystem;
  readonly file: string;
  readonly error: string;
  readonly line: number | null;
}

export function isBroken(manifest: Manifest | BrokenManifest): manifest is BrokenManifest {
  return 'error' in manifest;
}
