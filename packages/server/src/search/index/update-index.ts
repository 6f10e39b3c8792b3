import { mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { codeOf, reasonOf } from '../../scan/walk/read-regular-file.ts';
import { walkProject } from '../../scan/walk/walk-project.ts';
import { createTerms, type Terms } from '../text/terms.ts';
import { countCommonTerms } from './common-terms.ts';
import { type FoundFile, findFile } from './found-file.ts';
import { BrokenIndex, isBroken, openToWrite } from './schema.ts';
import { readSource, type SourceFile } from './source-file.ts';
import { createFileWriter, type FileWriter, type KnownFile } from './write-file.ts';

export interface IndexRequest {
  /** Absolute, of the project. */
  directory: string;
  /** Absolute, of the index. */
  file: string;
  /** Whether the index is looked through for damage first. */
  isUnknown: boolean;
}

export interface IndexProgress {
  filesDone: number;
  filesTotal: number;
}

export interface IndexResult extends IndexProgress {
  /** Of files that had changed. */
  filesChanged: number;
  /** Of the index. */
  bytes: number;
  /** Why it was made anew, if there was one that could not be used. */
  rebuilt: string | null;
  truncated: string | null;
}

export interface IndexOptions {
  onProgress?: (progress: IndexProgress) => void;
  signal?: { readonly aborted: boolean };
  /** So much of the source is committed at once: who is killed loses no more. Default: 16 MB. */
  commitBytes?: number;
}

const usualCommitBytes = 16 * 1024 ** 2;
/** As exact as the coarsest file system tells the time of a change. */
const clockStepMs = 2_000;
const toldEvery = 200;
/** A time that no file has: it is compared by its content the next time. */
const uncertain = -1;

/**
 * Makes an index true to the project's files: only what has changed since the last time is read. One
 * that is damaged or of another format is made anew. It is usable all the while.
 * @throws what SQLite and the file system say of a full disk or a file that may not be written
 */
export function updateIndex(request: IndexRequest, options: IndexOptions = {}): IndexResult {
  try {
    return update(request, options);
  } catch (error) {
    if (!isBroken(error)) throw error;
    removeIndex(request.file);
    const reason = error instanceof BrokenIndex ? error.message : 'the index was damaged';
    return { ...update({ ...request, isUnknown: false }, options), rebuilt: reason };
  }
}

/** Deletes an index with what SQLite keeps beside it. */
function removeIndex(file: string): void {
  for (const ending of ['', '-wal', '-shm', '-journal']) rmSync(file + ending, { force: true });
}

function update(request: IndexRequest, options: IndexOptions): IndexResult {
  mkdirSync(path.dirname(request.file), { recursive: true, mode: 0o700 });
  const database = openToWrite(request.file);
  try {
    if (request.isUnknown) assertSound(database);
    const result = updateFiles(database, request, options);
    countCommonTerms(database);
    database.exec('pragma wal_checkpoint(passive)');
    return { ...result, bytes: statSync(request.file).size, rebuilt: null };
  } finally {
    database.close();
  }
}

function assertSound(database: DatabaseSync): void {
  const { quick_check } = database.prepare('pragma quick_check(1)').get() ?? {};
  if (quick_check !== 'ok') throw new BrokenIndex('the index was damaged');
}

function updateFiles(
  database: DatabaseSync,
  { directory }: IndexRequest,
  { onProgress, signal, commitBytes = usualCommitBytes }: IndexOptions,
): Omit<IndexResult, 'bytes' | 'rebuilt'> {
  const began = Date.now();
  const walk = walkProject(directory, signal ? { signal } : {});
  const known = readKnown(database);
  const work = createBatch(database, createTerms(), commitBytes);
  const filesTotal = walk.paths.length;
  let filesDone = 0;
  let filesChanged = 0;
  onProgress?.({ filesDone, filesTotal });
  try {
    for (const found of walk.paths) {
      if (signal?.aborted) throw new DOMException('The index is not finished', 'AbortError');
      filesDone += 1;
      if (filesDone % toldEvery === 0) onProgress?.({ filesDone, filesTotal });
      const file = findFile(directory, found);
      // One that has vanished is removed with those that were not found.
      if (!file) continue;
      const before = known.get(file.path);
      known.delete(file.path);
      if (before?.size !== file.size || before.modified !== file.modified) {
        if (work.add(directory, file, before, began)) filesChanged += 1;
      }
    }
    // What a limit kept from being seen may be there still.
    if (!walk.truncated) {
      for (const { id } of known.values()) work.remove(id);
      filesChanged += known.size;
    }
    work.commit();
  } catch (error) {
    work.rollback();
    throw error;
  }
  return { filesDone, filesTotal, filesChanged, truncated: walk.truncated };
}

function readKnown(database: DatabaseSync): Map<string, KnownFile> {
  const known = new Map<string, KnownFile>();
  for (const row of database
    .prepare('select id, path, size, modified, hash from files')
    .iterate()) {
    known.set(String(row.path), {
      id: Number(row.id),
      size: Number(row.size),
      modified: Number(row.modified),
      hash: row.hash instanceof Uint8Array ? row.hash : null,
    });
  }
  return known;
}

/** Writes files in transactions of some size. */
function createBatch(database: DatabaseSync, terms: Terms, commitBytes: number) {
  const writer: FileWriter = createFileWriter(database, terms);
  let bytes = 0;
  let isOpen = false;

  function begin(): void {
    if (!isOpen) database.exec('begin immediate');
    isOpen = true;
  }
  function commit(): void {
    if (isOpen) database.exec('commit');
    isOpen = false;
    bytes = 0;
  }
  return {
    commit,
    rollback(): void {
      // A full disk may have ended the transaction already.
      if (isOpen && database.isTransaction) database.exec('rollback');
      isOpen = false;
    },
    remove(id: number): void {
      begin();
      writer.remove(id);
    },
    /** @returns whether its content is another than before */
    add(directory: string, file: FoundFile, before: KnownFile | undefined, began: number): boolean {
      const source = read(directory, file);
      if (source === undefined) return false;
      begin();
      const modified = file.modified < began - clockStepMs ? file.modified : uncertain;
      const isSame = before?.hash && source && Buffer.compare(before.hash, source.hash) === 0;
      if (before && isSame) {
        if (before.modified !== modified) writer.touch(before.id, modified);
        return false;
      }
      writer.write({ ...file, modified }, before, source);
      bytes += source?.text.length ?? 0;
      if (bytes >= commitBytes) commit();
      return true;
    },
  };
}

/** `undefined`: it could not be read, and stays as it was known. */
function read(directory: string, file: FoundFile): SourceFile | null | undefined {
  try {
    return readSource(directory, file.path);
  } catch (error) {
    // Too large, or not to be read: nothing of it is searched, until it changes.
    return codeOf(error) === 'EMFILE' || reasonOf(error) === '' ? undefined : null;
  }
}
