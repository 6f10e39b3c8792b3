import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

/** One higher when an index would be made otherwise: those of before are made anew. */
const indexFormat = 1;

/** Chunks of a file are numbered from its id times this on. */
export const mostChunksOfFile = 4_096;

// `words` needs `detail=full`: with less, bm25() of a table without content is 0 for every row. The
// tokenizer has nothing to do, as its text is what createTerms has made.
const schema = `
  create table files (
    id integer primary key,
    path text not null unique,
    size integer not null,
    modified integer not null,
    hash blob,
    language text not null,
    is_test integer not null,
    definitions integer not null,
    outline text
  ) strict;
  create table common_terms (term text primary key, chunks integer not null) strict, without rowid;
  create table facts (name text primary key, value) strict, without rowid;
  create virtual table words using fts5(
    name, path, body,
    content='', contentless_delete=1, tokenize='ascii'
  );
  create virtual table trigrams using fts5(
    text,
    content='', contentless_delete=1, tokenize='trigram', detail='none'
  );
`.replace('value)', 'value any)');

/** Why an index cannot be used as it is, though nothing keeps it from being made anew. */
export class BrokenIndex extends Error {
  override name = 'BrokenIndex';
}

/** Opens an index to write, or makes an empty one. @throws BrokenIndex */
export function openToWrite(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  try {
    database.exec('pragma journal_mode = wal; pragma synchronous = normal');
    database.exec('pragma cache_size = -16000; pragma wal_autocheckpoint = 4000');
    const { user_version } = database.prepare('pragma user_version').get() ?? {};
    const isNew = database.prepare('select count(*) as n from sqlite_schema').get()?.n === 0;
    if (isNew) {
      database.exec(`begin; ${schema}; pragma user_version = ${indexFormat}; commit`);
      // With larger ones, FTS5's own table of what is not written yet gets slow; and it writes what it
      // has less often again where it merges only when it must.
      database.exec(`insert into trigrams(trigrams, rank) values ('hashsize', ${512 * 1024})`);
      database.exec(`insert into trigrams(trigrams, rank) values ('automerge', 0)`);
    } else if (user_version !== indexFormat) {
      throw new BrokenIndex(`the index has format ${user_version}`);
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Prepares a statement that writes. `run` tells the row that was inserted last, also of FTS5's own
 * tables, whose numbers no JavaScript number holds: it would throw after the work is done.
 */
export function prepareWrite(database: DatabaseSync, sql: string): StatementSync {
  const statement = database.prepare(sql);
  statement.setReadBigInts(true);
  return statement;
}

/**
 * Opens an index to read. Not mapped into memory: where a mapped file is cut, its reader is killed.
 * @throws BrokenIndex
 */
export function openToRead(file: string): DatabaseSync {
  try {
    return prepared(new DatabaseSync(file, { readOnly: true, timeout: 1_000 }));
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined || !unwritable.has(code & 0xff)) throw error;
    // Even to read, SQLite writes beside the file, unless it is told that nobody else does.
    const url = pathToFileURL(file);
    url.searchParams.set('immutable', '1');
    return prepared(new DatabaseSync(url, { readOnly: true }));
  }
}

function prepared(database: DatabaseSync): DatabaseSync {
  try {
    database.exec('pragma cache_size = -8000; pragma query_only = 1');
    const { user_version } = database.prepare('pragma user_version').get() ?? {};
    if (user_version !== indexFormat) throw new BrokenIndex(`the index has format ${user_version}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A folder that may not be written. */
const unwritable = new Set([8, 14]);

/** What SQLite says of a file that is damaged, or none of its own. */
const damage = new Set([11, 26]);

export function isBroken(error: unknown): boolean {
  if (error instanceof BrokenIndex) return true;
  const code = errorCode(error);
  if (code !== undefined && damage.has(code & 0xff)) return true;
  // A table that is missing, or FTS5's own word for a damaged one.
  return code !== undefined && /no such table|malformed|missing row/.test(String(error));
}

export function errorCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) : undefined;
}
