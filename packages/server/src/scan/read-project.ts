import { hash as digest } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createFaultFinder } from './faults/find-faults.ts';
import { type FileMemory, type ReadFile, readMemory, writeMemory } from './file-memory.ts';
import { type GitFacts, readGitFacts } from './git/git-facts.ts';
import { findRepository, type Repository } from './git/repository.ts';
import { createNativeMemory } from './native-memory.ts';
import { readFile } from './read-file.ts';
import { resultOf } from './result-of.ts';
import { ScanFailure } from './scan-failure.ts';
import type { ScanProgress, ScanRequest, ScanResult } from './scan-result.ts';
import { codeOf, readRegularFile, reasonOf } from './walk/read-regular-file.ts';
import { readTrackedPaths } from './walk/tracked-paths.ts';
import { type FoundFile, type Walk, walkProject } from './walk/walk-project.ts';

/** A larger file is data: nobody wrote it, and nothing is counted or found in it. */
const mostBytes = 64 * 1024 ** 2;
const progressStep = 200;
/** How much is looked through at a time. */
const batchFiles = 32;
const mostBatchBytes = 1024 ** 2;

/** Everything about a project that the result is made from. */
export interface ProjectReading {
  directory: string;
  /** In milliseconds since 1970. */
  began: number;
  walk: Walk;
  files: Map<string, ReadFile>;
  filesRead: number;
  /** Files that vanished or could not be read, beside those that the walk met. */
  unreadable: { path: string; reason: string }[];
  git: GitFacts | null;
  gitDirectory: string | null;
  /** What git tracks; `null`: there is no repository, or its index cannot be read. */
  tracked: ReadonlySet<string> | null;
  deployments: ScanRequest['deployments'];
}

/**
 * Looks through a project: nothing of it is run, and nothing in it is changed.
 * @throws ScanFailure
 */
export async function readProject(
  { directory, memoryFile, deployments, searchPath }: ScanRequest,
  onProgress: (progress: ScanProgress) => void,
): Promise<ScanResult> {
  const began = Date.now();
  const walk = walkOrFail(directory, (found) => onProgress({ stage: 'walking', found, done: 0 }));
  const found = walk.files.length;
  onProgress({ stage: 'reading', found, done: 0 });
  const reading = await readFiles(directory, walk.files, readMemory(memoryFile), (done) =>
    onProgress({ stage: 'reading', found, done }),
  );
  // Without it the next scan reads everything again, which is slow, but right.
  writeQuietly(memoryFile, began, reading.files);
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

function walkOrFail(directory: string, onProgress: (found: number) => void): Walk {
  try {
    return walkProject(directory, { onProgress });
  } catch (error) {
    throw new ScanFailure(`${directory} cannot be looked through: ${reasonOf(error)}`);
  }
}

type FilesReading = Pick<ProjectReading, 'files' | 'filesRead' | 'unreadable'>;

async function readFiles(
  directory: string,
  found: readonly FoundFile[],
  memory: FileMemory,
  onProgress: (done: number) => void,
): Promise<FilesReading> {
  const reading: FilesReading = { files: new Map(), filesRead: 0, unreadable: [] };
  const finder = await createFaultFinder();
  let batch: { path: string; file: FoundFile; content: Buffer; hash: string }[] = [];
  let batchBytes = 0;
  const nativeMemory = createNativeMemory();
  const readBatch = async () => {
    for (const [index, faults] of finder.findAll(batch).entries()) {
      const { path, file, ...read } = batch[index] ?? unreachable();
      reading.files.set(path, readFile(file, read, faults));
      nativeMemory.add(path, read.content.length);
    }
    batch = [];
    batchBytes = 0;
    await nativeMemory.giveBack();
  };
  try {
    for (const [index, file] of found.entries()) {
      if (index % progressStep === 0) {
        onProgress(index);
        // What the finder has lost to hostile files is loaded anew while the thread is idle.
        await nextTurn();
      }
      const { path, size, modified } = file;
      const known = memory.recall(path, size, modified);
      if (known) {
        reading.files.set(path, known);
        continue;
      }
      const content = contentOf(directory, file, reading);
      if (content === undefined) continue;
      reading.filesRead += 1;
      const hash = digest('sha1', content, 'base64');
      const same = memory.ofContent(path, hash);
      if (same) {
        reading.files.set(path, { ...same, modified });
        continue;
      }
      batch.push({ path, file, content, hash });
      batchBytes += content.length;
      if (batch.length >= batchFiles || batchBytes >= mostBatchBytes) await readBatch();
    }
    await readBatch();
  } finally {
    finder.close();
  }
  return reading;
}

function unreachable(): never {
  throw new Error('there is one answer for each file');
}

/** `undefined`: it is too large, or cannot be read, which is noted. */
function contentOf(
  directory: string,
  { path, size }: FoundFile,
  { unreadable }: FilesReading,
): Buffer | undefined {
  if (size > mostBytes) {
    unreadable.push({ path, reason: `it is larger than ${mostBytes / 1024 ** 2} MB` });
    return undefined;
  }
  try {
    return readRegularFile(join(directory, path), mostBytes);
  } catch (error) {
    // A disk that fails says so for every file, and then the figures would be wrong.
    if (codeOf(error) === 'EIO') throw new ScanFailure(`${path}: ${reasonOf(error)}`);
    unreadable.push({ path, reason: reasonOf(error) });
    return undefined;
  }
}

function writeQuietly(file: string, began: number, files: Map<string, ReadFile>): void {
  try {
    writeMemory(file, began, files);
  } catch {
    // A full disk must not keep what was found from being shown.
  }
}
