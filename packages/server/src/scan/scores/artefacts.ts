import { basename, dirname, extname } from 'node:path/posix';
import type { FileFact } from './scan-facts.ts';

/** Folders that only programs fill, wherever they lie. */
const madeFolders = new Set([
  ...[
    'node_modules',
    'bower_components',
    'jspm_packages',
    '__pycache__',
    '__pypackages__',
    '.venv',
  ],
  ...['.tox', '.nox', '.eggs', '.mypy_cache', '.pytest_cache', '.ruff_cache', '.ipynb_checkpoints'],
  ...[
    '.gradle',
    '.next',
    '.nuxt',
    '.svelte-kit',
    '.angular',
    '.turbo',
    '.parcel-cache',
    '.terraform',
  ],
  ...['.dart_tool', '.nyc_output', 'CMakeFiles', 'htmlcov', 'lcov-report'],
]);

const madeNames = new Set([
  ...['.DS_Store', 'Thumbs.db', 'desktop.ini', '.eslintcache', '.coverage', 'npm-debug.log'],
  ...['yarn-error.log', 'CMakeCache.txt', 'pyvenv.cfg'],
]);

const madeExtensions = new Set([
  ...[
    '.pyc',
    '.pyo',
    '.class',
    '.o',
    '.obj',
    '.lo',
    '.gcda',
    '.gcno',
    '.gch',
    '.pch',
    '.hi',
    '.beam',
  ],
  ...['.tsbuildinfo', '.swp', '.swo'],
]);

/** Folders whose name is sure only beside a file: what is built from it lies there. */
const builtBeside: Record<string, RegExp> = {
  target: /^(?:Cargo\.toml|pom\.xml|build\.sbt)$/,
  bin: /\.(?:cs|fs|vb)proj$/,
  obj: /\.(?:cs|fs|vb)proj$/,
  vendor: /^composer\.json$/,
  deps: /^mix\.exs$/,
  _build: /^(?:mix\.exs|dune-project|rebar\.config)$/,
  venv: /^(?:requirements.*\.txt|setup\.py|pyproject\.toml|manage\.py)$/,
};

/** What of a `dist/` or `build/` was built: both names are also given to folders of sources. */
const builtFile =
  /\.(?:map|min\.js|min\.css|d\.ts|d\.mts|whl|tar\.gz|tgz|zip|jar|war|exe|dll|so|dylib|a|lib|wasm|nupkg|apk|deb|rpm)$/;
/** In a `dist/` scripts are results; in a `build/` they may be what builds. */
const distributed = /\.(?:[cm]?js|css|html)$/;
/** A `build/` with one of these was filled by a tool: Create React App, CMake, Gradle, setuptools. */
const builtMark =
  /^(?:index\.html|asset-manifest\.json|CMakeCache\.txt|(?:static|assets|lib|libs|classes|tmp)\/)/;

/** Made for tests on purpose. */
const fixture = /(?:^|\/)(?:tests?|__tests__|specs?|e2e|fixtures?|__fixtures__|testdata)\//;

/**
 * The tracked files that a program made from the others, and would make again: `dist/`, `*.pyc`,
 * `node_modules/`. Go's `vendor/` is not among them, as Go's own tool says to commit it, nor is the
 * `dist/` of a GitHub action, which is run from there.
 */
export function findArtefacts(files: readonly FileFact[]): FileFact[] {
  const tracked = files.filter((file) => file.tracked === true);
  const filled = new Set<string>();
  const manifests = new Map<string, string[]>();
  for (const { path } of tracked) {
    const name = basename(path);
    if (
      /^(?:Cargo\.toml|pom\.xml|build\.sbt|composer\.json|mix\.exs|dune-project|rebar\.config|action\.ya?ml|setup\.py|pyproject\.toml|manage\.py|requirements.*\.txt)$|\.(?:cs|fs|vb)proj$/.test(
        name,
      )
    ) {
      const folder = dirname(path);
      manifests.set(folder, [...(manifests.get(folder) ?? []), name]);
    }
    const build = /(?:^|\/)build\//.exec(path);
    if (!build) continue;
    const end = build.index + build[0].length;
    if (builtMark.test(path.slice(end))) filled.add(path.slice(0, end - 1));
  }
  const beside = (folder: string, name: RegExp) =>
    manifests.get(folder)?.some((file) => name.test(file)) ?? false;

  return tracked.filter(({ path }) => {
    if (fixture.test(path)) return false;
    if (madeNames.has(basename(path)) || madeExtensions.has(extname(path).toLowerCase()))
      return true;
    for (let folder = dirname(path); folder !== '.' && folder !== '/'; folder = dirname(folder)) {
      const name = basename(folder);
      const parent = dirname(folder);
      if (madeFolders.has(name) || name.endsWith('.egg-info')) return true;
      if (Object.hasOwn(builtBeside, name)) {
        const source = builtBeside[name];
        if (source && beside(parent, source)) return true;
      }
      if (name === 'build' && (filled.has(folder) || builtFile.test(path))) return true;
      if (name === 'dist' && (builtFile.test(path) || distributed.test(path))) {
        return !beside(parent, /^action\.ya?ml$/);
      }
    }
    return false;
  });
}
