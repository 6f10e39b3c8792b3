/**
 * All that the scores are computed from. Paths are relative to the project's directory, with slashes.
 * Nothing in here is optional knowledge: what is not known is `null`, and its checks do not apply.
 */
export interface ScanFacts {
  /**
   * What the walk found, and what git tracks although the walk left it out (ignored files, the files
   * of dependency folders): exactly that is what a project should not track.
   */
  readonly files: readonly FileFact[];
  readonly languages: readonly LanguageFact[];
  /** Files that were looked at for syntax errors. */
  readonly parsed_files: number;
  /** Those of them with a syntax error. */
  readonly bad_files: number;
  readonly faults: readonly FaultFact[];
  /**
   * Code files with tests: those that `isTestFile` names, and those that hold tests beside their code
   * (`#[cfg(test)]` in Rust, `test "…" {` in Zig). Each once.
   */
  readonly test_files: readonly string[];
  /** Of the newest report in the project; `percent` of lines, 0 to 100. */
  readonly coverage: { readonly percent: number; readonly file: string } | null;
  readonly manifests: readonly ManifestFact[];
  readonly locks: readonly LockFact[];
  readonly git: GitFact | null;
  /** Of the locked versions, from a local database; `null`: there is none on this machine. */
  readonly vulnerabilities: readonly VulnerabilityFact[] | null;
  /** Comments with TODO, FIXME, HACK or XXX in code files; a few examples of them. */
  readonly todos: {
    readonly count: number;
    readonly examples: readonly { readonly file: string; readonly line: number }[];
  };
  /** Every code file of more than 500 lines of code, without those that a program wrote. */
  readonly long_files: readonly { readonly path: string; readonly lines: number }[];
  /** Of the files that `filesToRead` names: path to content. */
  readonly texts: ReadonlyMap<string, string>;
  /** What of the project is deployed here, with its limits. */
  readonly deployments: readonly DeploymentFact[];
}

export interface FileFact {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** Whether it is in git's index; left out where there is no repository. */
  readonly tracked?: boolean;
}

export interface LanguageFact {
  /** As the line counter spells it. */
  readonly name: string;
  readonly kind: 'programming' | 'markup' | 'data' | 'prose';
  readonly files: number;
  /** Lines; without generated files. */
  readonly code: number;
  readonly comment: number;
  readonly blank: number;
}

/**
 * A fault that was found. The list may be cut, but secrets and conflict markers come first.
 *
 * - `syntax`: the file cannot be parsed.
 * - `conflict`: a merge's markers were left in the file.
 * - `secret`: with severity `critical` it is verified, which means that its form alone proves it, as
 *   nothing is ever sent anywhere to try it: a token whose checksum is right, a whole private key
 *   that lies outside of tests. Anything else that only looks like one has a lower severity. The
 *   message never has the secret in it.
 */
export interface FaultFact {
  readonly type: string;
  readonly severity: 'debug' | 'info' | 'warning' | 'error' | 'critical';
  readonly file: string;
  readonly line: number | null;
  readonly message: string;
}

/** Where packages come from; Gradle's are of `maven`. */
export type Ecosystem =
  | 'npm'
  | 'pypi'
  | 'go'
  | 'cargo'
  | 'maven'
  | 'composer'
  | 'rubygems'
  | 'nuget'
  | 'pub'
  | 'hex'
  | 'swift'
  | 'cocoapods'
  | 'other';

export interface ManifestFact {
  readonly file: string;
  readonly ecosystem: Ecosystem;
  /** The project's own packages (workspaces, local paths) are none of its dependencies. */
  readonly dependencies: readonly DependencyFact[];
  /** Made to be built into other programs, which choose the versions. */
  readonly is_library: boolean;
  /** The licence that it names. */
  readonly license: string | null;
  /** By name, such as the `scripts` of a package.json. */
  readonly scripts: Readonly<Record<string, string>>;
}

export interface DependencyFact {
  readonly name: string;
  /** As written; `null`: none is. */
  readonly requirement: string | null;
  /** `*`, `latest`, or no version at all. */
  readonly unpinned: boolean;
  /** For building and testing only. */
  readonly development: boolean;
}

export interface LockFact {
  readonly file: string;
  readonly ecosystem: Ecosystem;
  /** What is installed; not the hashes of versions that were only looked at, as in a go.sum. */
  readonly packages: readonly { readonly name: string; readonly version: string }[];
}

export interface GitFact {
  /** `null`: nothing is committed yet. */
  readonly commit: string | null;
  readonly committed_at: Date | null;
  /** In how many of the last 12 weeks something was committed. */
  readonly active_weeks: number;
  readonly is_dirty: boolean;
}

export interface VulnerabilityFact {
  /** Such as GHSA-… or CVE-…. */
  readonly id: string;
  readonly package: string;
  readonly version: string;
  readonly severity: 'critical' | 'high' | 'moderate' | 'low';
  /** The lock or manifest that it is in. */
  readonly file: string;
  /** The first version without it. */
  readonly fixed_in: string | null;
}

export interface DeploymentFact {
  readonly name: string;
  /** `null`: not limited. */
  readonly cpu_limit: string | null;
  readonly memory_limit: string | null;
}
