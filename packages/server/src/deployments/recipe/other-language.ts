import type { ProjectFiles } from './project-files.ts';

const manifests: [file: string, language: string][] = [
  ['composer.json', 'PHP'],
  ['Gemfile', 'Ruby'],
  ['go.mod', 'Go'],
  ['Cargo.toml', 'Rust'],
  ['pom.xml', 'Java'],
  ['build.gradle', 'Java'],
  ['build.gradle.kts', 'Kotlin'],
  ['mix.exs', 'Elixir'],
  ['deno.json', 'Deno'],
  ['deno.jsonc', 'Deno'],
  ['Package.swift', 'Swift'],
  ['project.clj', 'Clojure'],
  ['deps.edn', 'Clojure'],
  ['build.sbt', 'Scala'],
  ['gleam.toml', 'Gleam'],
  ['pubspec.yaml', 'Dart'],
  ['shard.yml', 'Crystal'],
];

/**
 * A language that has no recipe here. Its server is what the project is about: a page that lies
 * beside it, built by a package.json or as an index.html, is only a part of it.
 */
export async function findOtherLanguage(
  project: ProjectFiles,
): Promise<{ file: string; language: string } | undefined> {
  for (const [file, language] of manifests) {
    if (await project.isFile(file)) return { file, language };
  }
  const dotnet = (await project.list('.')).find(
    ({ name, kind }) => kind === 'file' && /\.(cs|fs)proj$/.test(name),
  );
  if (dotnet) return { file: dotnet.name, language: '.NET' };
  const php = await project.isFile('index.php');
  return php ? { file: 'index.php', language: 'PHP' } : undefined;
}
