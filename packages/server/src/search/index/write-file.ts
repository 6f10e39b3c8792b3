import type { DatabaseSync } from 'node:sqlite';
import { belongsToTests } from '../../scan/scores/is-test-file.ts';
import { namesAround } from '../chunks/names-around.ts';
import { rulesOf } from '../chunks/rules-of.ts';
import { splitChunks } from '../chunks/split-chunks.ts';
import type { Terms } from '../text/terms.ts';
import { pathWords, wordsOfChunk } from './file-terms.ts';
import type { FoundFile } from './found-file.ts';
import { readOutline, writeOutline } from './outline.ts';
import { mostChunksOfFile, prepareWrite } from './schema.ts';
import type { SourceFile } from './source-file.ts';

/** What is known of a file in the index. */
export interface KnownFile {
  id: number;
  size: number;
  modified: number;
  hash: Uint8Array | null;
}

export interface FileWriter {
  /** `source`: `null` for what is not searched, so that it is not read again. */
  write(file: FoundFile, known: KnownFile | undefined, source: SourceFile | null): void;
  /** It was only touched. */
  touch(id: number, modified: number): void;
  remove(id: number): void;
}

/** Data that is larger than this has no words of its own: only its text is searched. */
const mostDataBytes = 256 * 1024;
const dataLanguages = new Set([
  'json',
  'xml',
  'yaml',
  'text',
  'csv',
  'po',
  'svg',
  'lock',
  'sum',
  'map',
  'tsv',
]);
/** Lines of this average length are written by programs. */
const longLines = 300;

/** Writes what is in files into an index. The caller begins and commits transactions. */
export function createFileWriter(database: DatabaseSync, terms: Terms): FileWriter {
  // Not `returning`: SQLite would set a savepoint for it, at which FTS5 writes all it has gathered.
  const insert = prepareWrite(
    database,
    `insert into files (path, size, modified, hash, language, is_test, definitions, outline)
     values (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const update = prepareWrite(
    database,
    `update files set size = ?, modified = ?, hash = ?, language = ?, is_test = ?, definitions = ?, outline = ?
     where id = ?`,
  );
  const touch = prepareWrite(database, 'update files set modified = ? where id = ?');
  const selectOutline = database.prepare('select outline from files where id = ?');
  const deleteFile = prepareWrite(database, 'delete from files where id = ?');
  const insertWords = prepareWrite(
    database,
    'insert into words (rowid, name, path, body) values (?, ?, ?, ?)',
  );
  const deleteWords = prepareWrite(database, 'delete from words where rowid = ?');
  const insertText = prepareWrite(database, 'insert into trigrams (rowid, text) values (?, ?)');
  const deleteText = prepareWrite(database, 'delete from trigrams where rowid = ?');

  function removeContent(id: number): void {
    const outline = selectOutline.get(id)?.outline;
    if (typeof outline !== 'string') return;
    const count = readOutline(outline).length;
    for (let index = 0; index < count; index += 1) deleteWords.run(id * mostChunksOfFile + index);
    deleteText.run(id);
  }

  function write(file: FoundFile, known: KnownFile | undefined, source: SourceFile | null): void {
    if (known) removeContent(known.id);
    const { name: language, rules } = rulesOf(file.path);
    const lines = source?.text.split('\n') ?? [];
    if (lines.at(-1) === '') lines.pop();
    const isSplit = source !== null && isWritten(source.text, lines.length, language);
    const chunks = isSplit ? splitChunks(lines, rules).slice(0, mostChunksOfFile) : [];
    const definitions = new Set(chunks.map(({ definition }) => definition)).size;
    const fields = [
      file.size,
      file.modified,
      source?.hash ?? null,
      language,
      belongsToTests(file.path) ? 1 : 0,
      definitions - (chunks.some(({ definition }) => definition === null) ? 1 : 0),
      source ? writeOutline(chunks) : null,
    ] as const;
    const id = known?.id ?? Number(insert.run(file.path, ...fields).lastInsertRowid);
    if (known) update.run(...fields, id);
    if (!source) return;
    insertText.run(id, source.text);
    const pathText = pathWords(file.path, terms);
    const around = namesAround(chunks);
    for (const [index, chunk] of chunks.entries()) {
      const words = wordsOfChunk(chunk, lines, terms);
      const place = `${pathText} ${pathWords(around[index] ?? '', terms)}`;
      if (words) insertWords.run(id * mostChunksOfFile + index, words.name, place, words.body);
    }
  }

  return {
    write,
    touch: (id, modified) => void touch.run(modified, id),
    remove(id) {
      removeContent(id);
      deleteFile.run(id);
    },
  };
}

/** Whether people wrote it, rather than a program, so that its words say something. */
function isWritten(text: string, lines: number, language: string): boolean {
  if (text.length > mostDataBytes && dataLanguages.has(language)) return false;
  return text.length < longLines * Math.max(lines, 20);
}
