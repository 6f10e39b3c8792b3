/**
 * Files that make the folder they lie in a project: what a tool takes for the root of something to
 * build, run or publish. The order is the one in which they are asked for the project's name.
 *
 * A `Makefile` is none: it often gathers commands for a folder of several projects, which would
 * then all be one. Neither are settings of linters, such as `setup.cfg`, or a lone `index.html`.
 */
const names = [
  'package.json',
  'pyproject.toml',
  'Cargo.toml',
  'go.mod',
  'composer.json',
  'pubspec.yaml',
  'deno.json',
  'deno.jsonc',
  'pom.xml',
  'settings.gradle',
  'settings.gradle.kts',
  'build.gradle',
  'build.gradle.kts',
  'build.sbt',
  'mix.exs',
  'rebar.config',
  'Package.swift',
  'setup.py',
  'Pipfile',
  'requirements.txt',
  'Gemfile',
  'project.clj',
  'deps.edn',
  'stack.yaml',
  'dune-project',
  'build.zig',
  'CMakeLists.txt',
  'meson.build',
  'pnpm-workspace.yaml',
  'lerna.json',
  'go.work',
  'Dockerfile',
  'Containerfile',
  'docker-compose.yml',
  'docker-compose.yaml',
  'compose.yml',
  'compose.yaml',
].map((name) => name.toLowerCase());

const ranks = new Map(names.map((name, rank) => [name, rank]));
const endings = /\.(?:csproj|fsproj|vbproj|sln|slnx|gemspec|cabal)$/;

/** Which of the names of regular files are manifests, the most telling first. */
export function findManifests(fileNames: readonly string[]): string[] {
  const found: { name: string; rank: number }[] = [];
  for (const name of fileNames) {
    const lower = name.toLowerCase();
    const rank = ranks.get(lower) ?? (endings.test(lower) ? names.length : undefined);
    if (rank !== undefined) found.push({ name, rank });
  }
  found.sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1));
  return found.map(({ name }) => name);
}

/** What tools commonly write into a project. Outside of one, a folder may be called so as well. */
const built = new Set([
  'build',
  'dist',
  'out',
  'output',
  'target',
  'vendor',
  'third_party',
  'env',
  'bin',
  'obj',
  'deps',
  '_build',
  'Pods',
  'coverage',
  'htmlcov',
  'tmp',
]);

export function isBuiltFolder(name: string): boolean {
  return built.has(name);
}
