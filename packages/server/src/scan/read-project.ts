import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AskedFile } from './chunk-reader.ts';
import {
  createSharing,
  type FileMemory,
  type ReadFile,
  readMemory,
  writeMemory,
} from './file-memory.ts';
import { type GitFacts, readGitFacts } from './git/git-facts.ts';
import { findRepository, type Repository } from './git/repository.ts';
import { createPlacesFile } from './places-file.ts';
import { readWithThreads } from './read-with-threads.ts';
import { resultOf } from './result-of.ts';
import { ScanFailure } from './scan-failure.ts';
import type { ScanProgress, ScanRequest, ScanResult } from './scan-result.ts';
import { reasonOf } from './walk/read-regular-file.ts';
import { readTrackedPaths } from './walk/tracked-paths.ts';
import { type Walk, type WalkOptions, walkProject } from './walk/walk-project.ts';

const progressStep = 200;
/** After so many this process hears whether it is to end. */
const turnStep = 2_000;

/** Everything about a project that the result is made from. */
export interface ProjectReading {
  directory: string;
  /** In milliseconds since 1970. */
  began: number;
  walk: Walk;
  files: Map<string, ReadFile>;
  filesRead: number;
  /** Files that vanished or could not be read, beside those that the walk met. */
  unreadable: { path: string; reason: string; size: number }[];
  git: GitFacts | null;
  gitDirectory: string | null;
  /** What git tracks; `null`: there is no repository, or its index cannot be read. */
  tracked: ReadonlySet<string> | null;
  deployments: ScanRequest['deployments'];
}

/**
 * Looks through a project: nothing of it is run, and nothing in it is changed. `signal` ends what
 * never waits for anything.
 * @throws ScanFailure
 */
export async function readProject(
  { directory, memoryFile, placesFile, deployments, searchPath }: ScanRequest,
  onProgress: (progress: ScanProgress) => void,
  signal?: { readonly aborted: boolean },
): Promise<ScanResult> {
  const began = Date.now();
  const walk = walkOrFail(directory, {
    onProgress: (found) => onProgress({ stage: 'walking', found, done: 0 }),
    ...(signal && { signal }),
  });
  const found = walk.paths.length;
  const memory = readMemory(memoryFile);
  const tell = (done: number) => onProgress({ stage: 'reading', found, done });
  createPlacesFile(placesFile);
  const reading = await readFiles(walk.paths, memory, { directory, placesFile }, tell);
  const isNew = reading.filesRead > 0 || reading.files.size !== memory.size;
  // Without it the next scan reads everything again, which is slow, but right.
  if (isNew) writeQuietly(memoryFile, began, reading.files);
  onProgress({ stage: 'scoring', found, done: found });
  const git = await readGitFacts(directory, { searchPath });
  const repository = git ? findRepository(directory) : undefined;
  return resultOf({
    directory,
    began,
    walk,
    ...reading,
    git,
    gitDirectory: repository?.gitDirectory ?? null,
    tracked: repository ? trackedIn(repository) : null,
    deployments,
  });
}

function trackedIn(repository: Repository): ReadonlySet<string> | null {
  try {
    return readTrackedPaths(repository).files;
  } catch {
    return null;
  }
}

function walkOrFail(directory: string, options: WalkOptions): Walk {
  try {
    return walkProject(directory, options);
  } catch (error) {
    throw new ScanFailure(`${directory} cannot be looked through: ${reasonOf(error)}`);
  }
}

type FilesReading = Pick<ProjectReading, 'files' | 'filesRead' | 'unreadable'>;

async function readFiles(
  paths: readonly string[],
  memory: FileMemory,
  where: { directory: string; placesFile: string },
  onProgress: (done: number) => void,
): Promise<FilesReading> {
  const asked: AskedFile[] = [];
  const read = new Map<string, ReadFile>();
  const unread = new Map<string, { reason: string; size: number }>();
  for (const [index, path] of paths.entries()) {
    const known = recall(memory, where.directory, path);
    if (known) read.set(path, known);
    else asked.push({ path, hash: memory.last(path)?.hash ?? null });
    if (index % turnStep === turnStep - 1) await nextTurn();
  }
  let done = read.size;
  onProgress(done);
  const share = createSharing();
  await readWithThreads(asked, where, ({ path }, answer) => {
    done += 1;
    if (done % progressStep === 0) onProgress(done);
    const last = memory.last(path);
    if (answer.kind === 'read') read.set(path, share(answer.file));
    else if (answer.kind === 'unread') unread.set(path, answer);
    else if (last) read.set(path, { ...last, modified: answer.modified });
  });
  // The threads answer as it happens; what is made of it must not depend on that.
  const files = new Map<string, ReadFile>();
  const unreadable: FilesReading['unreadable'] = [];
  for (const path of paths) {
    const file = read.get(path);
    const { reason, size } = unread.get(path) ?? {};
    if (file) files.set(path, file);
    else if (reason !== undefined && size !== undefined) unreadable.push({ path, reason, size });
  }
  return { files, filesRead: asked.length - unread.size, unreadable };
}

/** What is known of a file that looks as it did. */
function recall(memory: FileMemory, directory: string, path: string): ReadFile | undefined {
  if (!memory.last(path)) return undefined;
  const stats = lstatSync(join(directory, path), { throwIfNoEntry: false });
  return stats?.isFile() ? memory.recall(path, stats.size, Math.floor(stats.mtimeMs)) : undefined;
}

function writeQuietly(file: string, began: number, files: Map<string, ReadFile>): void {
  try {
    writeMemory(file, began, files);
  } catch {
    // A full disk must not keep what was found from being shown.
  }
}
