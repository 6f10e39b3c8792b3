import type { Chunk } from '../chunks/chunk.ts';
import { rulesOf } from '../chunks/rules-of.ts';
import { splitChunks } from '../chunks/split-chunks.ts';
import { readOutline } from '../index/outline.ts';
import { readText } from '../index/source-file.ts';
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

/** A file as it is now. It is taken apart when somebody looks: of most files, only the text is needed. */
export class CurrentFile {
  readonly text: string;
  /** Whether it has changed since the index has read it, so that the numbers of its chunks may differ. */
  readonly hasChanged: boolean;
  readonly #known: IndexedFile;
  #lines: readonly string[] | undefined;
  #chunks: readonly Chunk[] | undefined;

  constructor(text: string, hasChanged: boolean, known: IndexedFile) {
    this.text = text;
    this.hasChanged = hasChanged;
    this.#known = known;
  }

  get lines(): readonly string[] {
    this.#lines ??= linesOf(this.text);
    return this.#lines;
  }

  /** As it is now, too. */
  get chunks(): readonly Chunk[] {
    this.#chunks ??= this.hasChanged
      ? splitChunks(this.lines, rulesOf(this.#known.path).rules)
      : readOutline(this.#known.outline);
    return this.#chunks;
  }
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
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
    const now = readText(directory, file.path);
    if (!now) return undefined;
    const { text, stats } = now;
    const hasChanged = stats.size !== file.size || Math.floor(stats.mtimeMs) !== file.modified;
    return new CurrentFile(text, hasChanged, file);
  } catch {
    // It is gone, too large by now, or not to be read: it is no answer.
    return undefined;
  }
}
