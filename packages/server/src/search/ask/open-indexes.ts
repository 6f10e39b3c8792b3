import { statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { openToRead } from '../index/schema.ts';

/** An index that is open to be read. */
export interface OpenIndex {
  /** Prepares a statement once. */
  prepare(sql: string): StatementSync;
}

export interface OpenIndexes {
  /** `undefined`: there is none yet. @throws BrokenIndex, or what SQLite says */
  get(file: string): OpenIndex | undefined;
  close(file: string): void;
}

/** So many stay open in each thread. */
const mostOpen = 24;

/** Keeps indexes open that were asked a short while ago; one that was made anew is opened anew. */
export function createOpenIndexes(): OpenIndexes {
  const open = new Map<string, { inode: number; database: DatabaseSync; index: OpenIndex }>();

  function close(file: string): void {
    open.get(file)?.database.close();
    open.delete(file);
  }

  return {
    close,
    get(file) {
      const inode = statSync(file, { throwIfNoEntry: false })?.ino;
      const known = open.get(file);
      if (known && known.inode !== inode) close(file);
      if (inode === undefined) return undefined;
      const still = open.get(file);
      // The map is in the order of use, so that its first is the one to close.
      if (still) {
        open.delete(file);
        open.set(file, still);
        return still.index;
      }
      for (const oldest of open.keys()) if (open.size >= mostOpen) close(oldest);
      const database = openToRead(file);
      const statements = new Map<string, StatementSync>();
      const index: OpenIndex = {
        prepare(sql) {
          const statement = statements.get(sql) ?? database.prepare(sql);
          statements.set(sql, statement);
          return statement;
        },
      };
      open.set(file, { inode, database, index });
      return index;
    },
  };
}
