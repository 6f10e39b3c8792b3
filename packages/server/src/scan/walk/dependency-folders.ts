/**
 * Folders that hold what programs have put there, whatever project they lie in. Only names that
 * nobody gives to a folder of sources: `build`, `dist`, `vendor` and `env` are not among them.
 */
const names = new Set([
  'node_modules',
  'bower_components',
  'jspm_packages',
  '.venv',
  'venv',
  '__pycache__',
  '__pypackages__',
  '.mypy_cache',
  '.pytest_cache',
  '.ruff_cache',
  '.tox',
  '.nox',
  '.eggs',
  '.ipynb_checkpoints',
  '.gradle',
  '.next',
  '.nuxt',
  '.svelte-kit',
  '.angular',
  '.turbo',
  '.parcel-cache',
  '.terraform',
  '.dart_tool',
  '.bundle',
  '.hg',
  '.svn',
  '.jj',
]);

/** A name that is sure only beside a file: what is built from it lies there. */
const builtBeside: Record<string, readonly string[]> = {
  target: ['Cargo.toml', 'pom.xml', 'build.sbt'],
  build: ['build.gradle', 'build.gradle.kts', 'pubspec.yaml'],
  vendor: ['composer.json'],
  Pods: ['Podfile'],
  deps: ['mix.exs'],
  _build: ['mix.exs', 'dune-project', 'rebar.config'],
};

/** A file that says of the folder it lies in that it is made by a program. */
const marks = new Set(['pyvenv.cfg', 'CACHEDIR.TAG']);

export function isDependencyFolder(name: string, siblings: ReadonlySet<string>): boolean {
  if (names.has(name)) return true;
  const beside = Object.hasOwn(builtBeside, name) ? builtBeside[name] : undefined;
  return beside?.some((file) => siblings.has(file)) ?? false;
}

export function isMarkedAsMade(entries: readonly { name: string }[]): boolean {
  return entries.some(({ name }) => marks.has(name));
}
