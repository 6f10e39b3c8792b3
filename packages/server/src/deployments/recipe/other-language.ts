import type { ProjectFiles } from './project-files.ts';

interface Language {
  file: string;
  language: string;
  /** The name of its stack, and what a recipe of it needs beside the file; absent: there is none. */
  stack?: string;
  missing?: string;
}

const noMain = {
  go: 'it has no "package main" at the top, in cmd/ or in a folder at the top',
  rust: 'no package of it has a program: src/main.rs, src/bin/ or a [[bin]]',
  ruby: 'it has no config.ru, no config/application.rb of Rails, and no app.rb, main.rb or server.rb',
  php: 'it has no index.php, neither at the top nor in public/, web/, webroot/ or html/',
  deno: 'it has no task "start", and no main.ts, server.ts, app.ts, index.ts or mod.ts',
  dotnet: 'no project file of it makes a program: for the web, or with the OutputType Exe',
};

const manifests: Language[] = [
  { file: 'composer.json', language: 'PHP', stack: 'php', missing: noMain.php },
  { file: 'Gemfile', language: 'Ruby', stack: 'ruby', missing: noMain.ruby },
  { file: 'go.mod', language: 'Go', stack: 'go', missing: noMain.go },
  { file: 'go.work', language: 'Go', stack: 'go', missing: noMain.go },
  { file: 'Cargo.toml', language: 'Rust', stack: 'rust', missing: noMain.rust },
  { file: 'pom.xml', language: 'Java' },
  { file: 'build.gradle', language: 'Java' },
  { file: 'build.gradle.kts', language: 'Kotlin' },
  { file: 'mix.exs', language: 'Elixir' },
  { file: 'deno.json', language: 'Deno', stack: 'deno', missing: noMain.deno },
  { file: 'deno.jsonc', language: 'Deno', stack: 'deno', missing: noMain.deno },
  { file: 'Package.swift', language: 'Swift' },
  { file: 'project.clj', language: 'Clojure' },
  { file: 'deps.edn', language: 'Clojure' },
  { file: 'build.sbt', language: 'Scala' },
  { file: 'gleam.toml', language: 'Gleam' },
  { file: 'pubspec.yaml', language: 'Dart' },
  { file: 'shard.yml', language: 'Crystal' },
];

/**
 * A language whose server is what the project is about: a page that lies beside it, built by a
 * package.json or as an index.html, is only a part of it.
 */
export async function findOtherLanguage(project: ProjectFiles): Promise<Language | undefined> {
  for (const language of manifests) if (await project.isFile(language.file)) return language;
  const dotnet = (await project.list('.')).find(
    ({ name, kind }) => kind === 'file' && /\.(cs|fs|vb)proj$/.test(name),
  );
  if (dotnet) {
    return { file: dotnet.name, language: '.NET', stack: 'dotnet', missing: noMain.dotnet };
  }
  const php = await project.isFile('index.php');
  return php
    ? { file: 'index.php', language: 'PHP', stack: 'php', missing: noMain.php }
    : undefined;
}
