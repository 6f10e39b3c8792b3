import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Vectors by the hash of model and text. What is lost is only asked for again. */
export interface VectorCache {
  get(keys: readonly Buffer[]): (Float32Array | undefined)[];
  put(entries: readonly { key: Buffer; vector: Float32Array }[]): void;
  close(): void;
}

/** With 1,536 numbers each 300 MB. */
const mostVectors = 50_000;
/** Dropped beyond what has to be, so that it is not done for every few. */
const dropped = 500;

const schema = `
  pragma journal_mode = wal;
  pragma synchronous = off;
  pragma busy_timeout = 100;
  create table if not exists vectors (
    id integer primary key,
    key blob not null unique,
    vector blob not null
  );
`;

/**
 * Keeps vectors in a file, the newest 50,000. Nothing waits for the disk: after a power failure the
 * file may be broken, and is then begun anew. Where it cannot be written, vectors are kept in memory.
 */
export function openVectorCache({
  directory,
  log,
  most = mostVectors,
}: {
  directory: string;
  log: { warn(fields: object, message: string): void };
  most?: number;
}): VectorCache {
  const database = open(directory, log);
  const select = database.prepare('select vector from vectors where key = ?');
  const insert = database.prepare('insert or replace into vectors (key, vector) values (?, ?)');
  const drop = database.prepare(
    'delete from vectors where id in (select id from vectors order by id limit ?)',
  );
  let count = Number(database.prepare('select count(*) as n from vectors').get()?.n ?? 0);

  return {
    get(keys) {
      try {
        return keys.map((key) => {
          const bytes = select.get(key)?.vector;
          return bytes instanceof Uint8Array ? vectorOf(bytes) : undefined;
        });
      } catch (error) {
        log.warn({ err: error }, 'cached embeddings could not be read');
        return keys.map(() => undefined);
      }
    },
    put(entries) {
      try {
        database.exec('begin');
        for (const { key, vector } of entries) {
          insert.run(key, new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
        }
        // Counts what is replaced as well, so that it never has more than it may.
        count += entries.length;
        if (count > most) {
          const more = count - most + Math.min(dropped, Math.floor(most / 10));
          count -= Number(drop.run(more).changes);
        }
        database.exec('commit');
      } catch (error) {
        log.warn({ err: error }, 'embeddings could not be kept');
        if (database.isTransaction) database.exec('rollback');
      }
    },
    close: () => database.close(),
  };
}

function open(
  directory: string,
  log: { warn(fields: object, message: string): void },
): DatabaseSync {
  const file = join(directory, 'embeddings.sqlite');
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return openFile(file);
  } catch (error) {
    log.warn({ err: error, file }, 'the cache of embeddings is begun anew');
  }
  try {
    for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
    return openFile(file);
  } catch (error) {
    log.warn({ err: error, file }, 'embeddings are kept in memory alone');
    return openFile(':memory:');
  }
}

function openFile(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    database.exec(schema);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Copied, as its bytes may begin at an address that no number of 4 bytes may. */
function vectorOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}
