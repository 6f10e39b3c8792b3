import type { ProjectFiles } from './project-files.ts';

export interface Gems {
  /** Of the lockfile, else of the Gemfile. */
  names: Set<string>;
  /** The version of Ruby they say; `null`: none. */
  ruby: string | null;
  /** See `Recipe.manifests`. */
  manifests: string[];
}

/** What a Gemfile and its lockfile say, as far as it can be told without running it. */
export async function readGems(project: ProjectFiles): Promise<Gems | undefined> {
  const gemfile = await project.read('Gemfile');
  if (gemfile === undefined) return undefined;
  const lock = await project.read('Gemfile.lock');
  const listed = [...gemfile.matchAll(/^[ \t]*gem[ \t]*\(?[ \t]*["']([\w.-]{1,100})["']/gm)];
  const installed = [...(lock ?? '').matchAll(/^ {4}([\w.-]{1,100})(?: \(|$)/gm)];
  // A group of the Gemfile may be a file or a folder: it is read by Bundler, so it has to be there.
  const local = /\b(path|gemspec|eval_gemfile)\b|File\.|require_relative/.test(gemfile);
  const versionFiles: string[] = [];
  for (const file of ['.ruby-version', '.tool-versions']) {
    if (await project.isFile(file)) versionFiles.push(file);
  }
  return {
    names: new Set([...listed, ...installed].map((match) => match[1] ?? '')),
    ruby:
      /^[ \t]*ruby[ \t]*\(?[ \t]*["'][~>= ]*(\d+\.\d+(?:\.\d+)?)/m.exec(gemfile)?.[1] ??
      /^RUBY VERSION\s{1,9}ruby (\d+\.\d+\.\d+)/m.exec(lock ?? '')?.[1] ??
      null,
    manifests: local
      ? []
      : ['Gemfile', ...(lock === undefined ? [] : ['Gemfile.lock']), ...versionFiles],
  };
}
