import { basename } from 'node:path/posix';
import type { Reader } from './draft.ts';
import type { Ecosystem } from './manifest.ts';
import { pythonName } from './python-requirement.ts';
import { readCargoToml } from './read-cargo-files.ts';
import { readComposerJson, readComposerLock } from './read-composer-files.ts';
import { readCompose, readDockerfile } from './read-container-files.ts';
import { readDotnetProject, readNugetLock, readPackagesConfig } from './read-dotnet-files.ts';
import { readMixExs, readMixLock } from './read-elixir-files.ts';
import { readGoMod, readGoSum, readGoWork } from './read-go-files.ts';
import {
  readGradleBuild,
  readGradleCatalog,
  readGradleLock,
  readGradleSettings,
} from './read-gradle-files.ts';
import { readMavenPom } from './read-maven-pom.ts';
import { readPackageSwift, readPubLock, readPubspec, readSwiftLock } from './read-mobile-files.ts';
import {
  readBunLock,
  readDenoLock,
  readPackageLock,
  readPnpmLock,
  readYarnLock,
} from './read-npm-locks.ts';
import { readDenoJson, readPackageJson, readPnpmWorkspace } from './read-package-json.ts';
import { readPyproject } from './read-pyproject.ts';
import {
  readCondaEnvironment,
  readPackageTables,
  readPipfile,
  readPipfileLock,
} from './read-python-files.ts';
import { readRequirements } from './read-requirements.ts';
import { readGemfile, readGemfileLock, readGemspec } from './read-ruby-files.ts';
import { readSetupCfg, readSetupPy } from './read-setup-files.ts';

export interface ManifestKind {
  readonly ecosystem: Ecosystem;
  readonly kind: 'manifest' | 'lock';
  readonly read: Reader;
}

type Named = readonly [names: string | RegExp, Ecosystem, ManifestKind['kind'], Reader];

const pythonTables =
  (table: string): Reader =>
  (text) =>
    readPackageTables(text, table, pythonName);

/** By file name in lower case; the first that fits is the one. */
const KINDS: readonly Named[] = [
  ['package.json', 'npm', 'manifest', readPackageJson],
  [/^pnpm-workspace\.ya?ml$/, 'npm', 'manifest', readPnpmWorkspace],
  [/^(?:package-lock|npm-shrinkwrap)\.json$/, 'npm', 'lock', readPackageLock],
  ['yarn.lock', 'npm', 'lock', readYarnLock],
  ['pnpm-lock.yaml', 'npm', 'lock', readPnpmLock],
  ['bun.lock', 'npm', 'lock', readBunLock],
  [/^(?:deno|jsr)\.jsonc?$/, 'deno', 'manifest', readDenoJson],
  ['deno.lock', 'deno', 'lock', readDenoLock],
  [/^(?:[\w.-]*requirements[\w.-]*)\.(?:txt|in)$/, 'pypi', 'manifest', readRequirements],
  ['pyproject.toml', 'pypi', 'manifest', readPyproject],
  ['pipfile', 'pypi', 'manifest', readPipfile],
  ['pipfile.lock', 'pypi', 'lock', readPipfileLock],
  ['setup.cfg', 'pypi', 'manifest', readSetupCfg],
  ['setup.py', 'pypi', 'manifest', readSetupPy],
  [/^(?:poetry|uv|pdm)\.lock$/, 'pypi', 'lock', pythonTables('package')],
  [/^pylock(?:\.\w+)?\.toml$/, 'pypi', 'lock', pythonTables('packages')],
  [/^environment(?:[.-][\w-]+)?\.ya?ml$/, 'conda', 'manifest', readCondaEnvironment],
  ['go.mod', 'go', 'manifest', readGoMod],
  ['go.work', 'go', 'manifest', readGoWork],
  ['go.sum', 'go', 'lock', readGoSum],
  ['cargo.toml', 'cargo', 'manifest', readCargoToml],
  [
    'cargo.lock',
    'cargo',
    'lock',
    (text) => ({ ...readPackageTables(text, 'package', (name) => name), packageManager: 'cargo' }),
  ],
  ['pom.xml', 'maven', 'manifest', readMavenPom],
  [/^build\.gradle(?:\.kts)?$/, 'maven', 'manifest', readGradleBuild],
  [/^settings\.gradle(?:\.kts)?$/, 'maven', 'manifest', readGradleSettings],
  [/\.versions\.toml$/, 'maven', 'manifest', readGradleCatalog],
  ['gradle.lockfile', 'maven', 'lock', readGradleLock],
  ['composer.json', 'composer', 'manifest', readComposerJson],
  ['composer.lock', 'composer', 'lock', readComposerLock],
  [/^(?:gemfile|gems\.rb)$/, 'rubygems', 'manifest', readGemfile],
  [/\.gemspec$/, 'rubygems', 'manifest', readGemspec],
  [/^(?:gemfile\.lock|gems\.locked)$/, 'rubygems', 'lock', readGemfileLock],
  [/\.(?:cs|fs|vb)proj$/, 'nuget', 'manifest', readDotnetProject],
  [/^directory\.(?:packages|build)\.props$/, 'nuget', 'manifest', readDotnetProject],
  ['packages.config', 'nuget', 'manifest', readPackagesConfig],
  ['packages.lock.json', 'nuget', 'lock', readNugetLock],
  ['mix.exs', 'hex', 'manifest', readMixExs],
  ['mix.lock', 'hex', 'lock', readMixLock],
  [/^pubspec\.ya?ml$/, 'pub', 'manifest', readPubspec],
  ['pubspec.lock', 'pub', 'lock', readPubLock],
  ['package.swift', 'swift', 'manifest', readPackageSwift],
  ['package.resolved', 'swift', 'lock', readSwiftLock],
  [
    /^(?:dockerfile|containerfile)(?:\.[\w.-]+)?$|\.dockerfile$/,
    'docker',
    'manifest',
    readDockerfile,
  ],
  [/^(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml$/, 'docker', 'manifest', readCompose],
];

/** What a file is by its path with slashes; `undefined` for one that is no manifest. */
export function manifestKindOf(path: string): ManifestKind | undefined {
  const name = basename(path).toLowerCase();
  const found = KINDS.find(([names]) =>
    typeof names === 'string' ? names === name : names.test(name),
  );
  if (found) return { ecosystem: found[1], kind: found[2], read: found[3] };
  // requirements/base.txt
  return /(?:^|\/)requirements\/[\w.-]+\.(?:txt|in)$/.test(path)
    ? { ecosystem: 'pypi', kind: 'manifest', read: readRequirements }
    : undefined;
}
