import { lstatSync } from 'node:fs';
import path from 'node:path';
import type { Chunk } from '../chunks/chunk.ts';
import { rulesOf } from '../chunks/rules-of.ts';
import { splitChunks } from '../chunks/split-chunks.ts';
import { readOutline } from '../index/outline.ts';
import { readSource } from '../index/source-file.ts';
import type { OpenIndex } from './open-indexes.ts';

/** A file as the index knows it. */
export interface IndexedFile {
  id: number;
  path: string;
  size: number;
  modified: number;
  language: string;
  isTest: boolean;
  outline: string;
}

/** A file as it is now. */
export interface CurrentFile {
  text: string;
  lines: readonly string[];
  /** As it is now, too. */
  chunks: readonly Chunk[];
  /** Whether it has changed since the index has read it, so that the numbers of its chunks may differ. */
  hasChanged: boolean;
}

const columns = 'id, path, size, modified, language, is_test, outline';

export function findFileById(index: OpenIndex, id: number): IndexedFile | undefined {
  return fileOf(index.prepare(`select ${columns} from files where id = ?`).get(id));
}

export function findFileByPath(index: OpenIndex, where: string): IndexedFile | undefined {
  return fileOf(index.prepare(`select ${columns} from files where path = ?`).get(where));
}

function fileOf(row: Record<string, unknown> | undefined): IndexedFile | undefined {
  if (!row || typeof row.outline !== 'string') return undefined;
  return {
    id: Number(row.id),
    path: String(row.path),
    size: Number(row.size),
    modified: Number(row.modified),
    language: String(row.language),
    isTest: row.is_test === 1,
    outline: row.outline,
  };
}

/** Reads a file of the index; `undefined`: it is gone, or is no text any more. */
export function readCurrent(directory: string, file: IndexedFile): CurrentFile | undefined {
  try {
    const stats = lstatSync(path.join(directory, file.path));
    if (!stats.isFile()) return undefined;
    const source = readSource(directory, file.path);
    if (!source) return undefined;
    const lines = source.text.split('\n');
    if (lines.at(-1) === '') lines.pop();
    const hasChanged = stats.size !== file.size || Math.floor(stats.mtimeMs) !== file.modified;
    const chunks = hasChanged
      ? splitChunks(lines, rulesOf(file.path).rules)
      : readOutline(file.outline);
    return { text: source.text, lines, chunks, hasChanged };
  } catch {
    // It is gone, too large by now, or not to be read: it is no answer.
    return undefined;
  }
}
