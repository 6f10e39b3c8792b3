import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface DirectoryLock {
  release(): void;
}

/**
 * Takes the directory for this process, or returns `undefined` when another one has it. The lock
 * is the kernel's (through SQLite, the one portable way to it from Node), so that it ends with its
 * holder however that ends: no pid in a file is ever taken for a living process.
 *
 * `name`: of the file that is locked. Don't open it otherwise: to close it would end the lock.
 */
export function lockDirectory(directory: string, name: string): DirectoryLock | undefined {
  const file = join(directory, name);
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    // Nothing is ever written, so no journal file is needed beside it.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    // Whoever can read the file can lock it too, and so keep its owner out.
    chmodSync(file, 0o600);
  } catch (error) {
    database.close();
    if (isLocked(error)) return undefined;
    throw error;
  }
  return { release: () => database.close() };
}

function isLocked(error: unknown): boolean {
  const SQLITE_BUSY = 5;
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}
