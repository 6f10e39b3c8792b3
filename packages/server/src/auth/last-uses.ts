import type { BaseLogger } from 'pino';
import { type Db, transaction } from '../database/transaction.ts';
import { recordTokenUses, type TokenUse } from './token-store.ts';

/** When and from where API tokens were last used, written in batches. */
export interface LastUses {
  note(use: TokenUse): void;
  /** Writes what is not yet written. */
  close(): Promise<void>;
}

const most = 10_000;

export function createLastUses({
  db,
  log,
  delayMs = 1000,
}: {
  db: Db;
  log: Pick<BaseLogger, 'warn'>;
  /** How long to gather before writing. */
  delayMs?: number;
}): LastUses {
  const waiting = new Map<number, TokenUse>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(async () => {
      // In one order, lest two servers wait for each other's rows.
      const uses = [...waiting.values()].sort((a, b) => a.id - b.id);
      waiting.clear();
      if (uses.length === 0) return;
      await transaction(db, (db) => recordTokenUses(db, uses)).catch((error) => {
        log.warn({ err: error }, 'the last uses of API tokens were not recorded');
      });
    });
    return writing;
  }

  return {
    note(use) {
      if (waiting.size >= most && !waiting.has(use.id)) return;
      waiting.set(use.id, use);
      timer ??= setTimeout(write, delayMs).unref();
    },
    close: write,
  };
}
