import { dirname, join } from 'node:path';
import type { Project } from '@borgos/contracts/projects';
import { coveragePaths, isCoverageFile } from './coverage/coverage-paths.ts';
import { mergeCoverage } from './coverage/merge-coverage.ts';
import { readCoverage } from './coverage/read-coverage.ts';
import { factsOf } from './facts-of.ts';
import type { ReadFile } from './file-memory.ts';
import { createTally } from './lines/tally.ts';
import { isBroken } from './manifests/manifest.ts';
import { summarizeManifests } from './manifests/summarize-manifests.ts';
import { projectTextsOf } from './project-texts.ts';
import type { ProjectReading } from './read-project.ts';
import type { ScanResult } from './scan-result.ts';
import { filesToRead, mostTextBytes } from './scores/files-to-read.ts';
import { scoreProject } from './scores/score-project.ts';
import { detectStack } from './stack/detect-stack.ts';
import { readRegularFile } from './walk/read-regular-file.ts';
import { matchWorkspaces } from './zenith/match-workspaces.ts';

/** What a project keeps and shows of its errors, the gravest first. */
const mostErrors = 1_000;
const gravity = ['critical', 'error', 'warning', 'info', 'debug'];
const mostReportBytes = 64 * 1024 ** 2;
const mostStackBytes = 64 * 1024;
const mostFolders = 2_048;
const mostUnreadable = 100;
const mostPaths = 50_000;

/** What was read of a project, summed up and scored. */
export function resultOf(reading: ProjectReading): ScanResult {
  const { directory, walk, files, git } = reading;
  const { paths } = walk;
  const tally = tallyOf(files);
  const manifests = [...files.values()].flatMap(({ manifest }) => manifest ?? []);
  const dependencies = summarizeManifests(manifests);
  const coverage = coverageOf(reading);
  const read = (path: string, most: number) => beginOf(join(directory, path), most);
  const { tech_stack, project_type } = detectStack({
    files: paths,
    manifests,
    languages: tally.languages,
    read: (path) => read(path, mostStackBytes),
  });
  const texts = new Map(
    filesToRead(paths).map((path) => [path, read(path, mostTextBytes)?.toString() ?? '']),
  );
  const facts = factsOf({ ...reading, languages: tally.languages, coverage, texts });
  const code = tally.languages
    .filter(({ kind }) => kind === 'programming')
    .reduce((sum, language) => sum + language.code, 0);
  const { errors, found } = errorsOf(files);
  const unread = reading.unreadable.map(({ path, reason }) => ({ path, reason }));
  const unreadable = [...walk.unreadable, ...unread];
  return {
    files_found: paths.length,
    files_read: reading.filesRead,
    truncated: walk.truncated,
    lines_of_code: code,
    errors,
    errors_found: found,
    metadata: {
      lines_of_code: code,
      test_coverage: coverage?.percent ?? null,
      dependencies: manifests.length > 0 ? dependencies.direct : null,
      languages: tally.languages,
      files: paths.length,
      errors_found: found,
      test_files: facts.test_files.length,
      coverage_files: coverage?.files ?? [],
      workspaces: workspacesOf(files),
      package_managers: packageManagersOf(manifests),
      git,
      symlinks: walk.symlinks,
      special_files: walk.special,
      unreadable_files: walk.unreadableCount + reading.unreadable.length,
      unreadable: unreadable.slice(0, mostUnreadable),
      ...skippedOf(files),
      truncated: walk.truncated,
    },
    project_type,
    tech_stack,
    texts: projectTextsOf(facts, manifests),
    commit: git?.commit ?? null,
    scores: scoreProject(facts, new Date()),
    folders: foldersOf(paths),
    paths: paths.length <= mostPaths ? paths : null,
    git_directory: reading.gitDirectory,
    began: reading.began,
  };
}

function tallyOf(files: Map<string, ReadFile>) {
  const tally = createTally();
  for (const { language: name, kind, lines, isGenerated } of files.values()) {
    // The tally only looks at what a language is called and is for.
    if (name !== null && kind !== null && lines && !isGenerated) tally.add({ name, kind }, lines);
  }
  return tally.result();
}

function errorsOf(files: Map<string, ReadFile>): { errors: Project['errors']; found: number } {
  const all: Project['errors'] = [];
  let found = 0;
  for (const [file, { faults, faultCount }] of files) {
    found += faultCount;
    for (const fault of faults) all.push({ ...fault, file });
  }
  all.sort((a, b) => gravity.indexOf(a.severity) - gravity.indexOf(b.severity));
  return { errors: all.slice(0, mostErrors), found };
}

/** Files that no parser could judge, with the reason. */
function skippedOf(files: Map<string, ReadFile>) {
  const skipped = [...files].flatMap(([path, { skipped }]) =>
    skipped === null ? [] : { path, reason: skipped },
  );
  return { skipped_files: skipped.length, skipped: skipped.slice(0, mostUnreadable) };
}

/** Reports are mostly ignored by git, so they are looked for where tools put them. */
function coverageOf({ directory, walk, files }: ProjectReading) {
  const packages = new Set(['']);
  for (const [path, { manifest }] of files) {
    if (manifest && packages.size < 50) packages.add(dirname(path) === '.' ? '' : dirname(path));
  }
  const usual = [...packages].flatMap((folder) => coveragePaths.map((path) => join(folder, path)));
  const tracked = walk.paths.filter(isCoverageFile);
  const reports = [...new Set([...usual, ...tracked])].flatMap((path) => {
    const content = wholeOf(join(directory, path));
    return (content && readCoverage(path, content)) ?? [];
  });
  return mergeCoverage(reports);
}

function wholeOf(file: string): Buffer | undefined {
  try {
    return readRegularFile(file, mostReportBytes);
  } catch {
    return undefined;
  }
}

function beginOf(file: string, most: number): Buffer | null {
  return wholeOf(file)?.subarray(0, most) ?? null;
}

/** The folders that a manifest at the root declares as the project's parts. */
function workspacesOf(files: Map<string, ReadFile>): string[] {
  const patterns: string[] = [];
  const parts = new Set<string>();
  for (const [path, { manifest }] of files) {
    if (!manifest || isBroken(manifest)) continue;
    if (dirname(path) === '.') patterns.push(...manifest.workspaces);
    else parts.add(dirname(path));
  }
  return matchWorkspaces([...parts], patterns, () => {});
}

function packageManagersOf(manifests: readonly NonNullable<ReadFile['manifest']>[]): string[] {
  const named = manifests.flatMap((manifest) =>
    isBroken(manifest) ? [] : (manifest.packageManager ?? []),
  );
  return [...new Set(named)].sort();
}

/** Every folder above a file of the project, those nearest to the root first. */
function foldersOf(paths: readonly string[]): string[] {
  const folders = new Set(['']);
  for (const path of paths) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  const depth = (folder: string) => folder.split('/').length;
  return [...folders].sort((a, b) => depth(a) - depth(b)).slice(0, mostFolders + 1);
}
