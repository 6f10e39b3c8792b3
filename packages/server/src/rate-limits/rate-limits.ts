import { hash } from 'node:crypto';
import type { RateLimit } from '@borgos/contracts/caller';
import type { BaseLogger } from 'pino';
import type { Database } from '../database/open.ts';
import type { Taken } from './gcra.ts';
import { createMemoryLimits } from './memory-limits.ts';
import { createSharedLimits } from './shared-limits.ts';

export type { Taken } from './gcra.ts';

export interface RateLimits {
  /**
   * Takes one of the key's tokens, of which `perMinute` are refilled a minute and `burst` are the
   * most; a refused call uses none. Never fails, and answers within about 100 ms.
   *
   * A key says what it counts: `address:192.0.2.1`, `token:7`.
   */
  take(key: string, limit: RateLimit): Taken | Promise<Taken>;
  close(): Promise<void>;
}

/**
 * Counts in memory while this server is the only one on its database, and in PostgreSQL for all of
 * them while there are several. At each change, and on a server that cannot reach the database,
 * callers may begin anew.
 */
export async function createRateLimits({
  database,
  log,
  now = Date.now,
  answerWithinMs = 100,
}: {
  database: Pick<Database, 'db' | 'joinServers'>;
  log: Pick<BaseLogger, 'info' | 'warn'>;
  /** Unix milliseconds, for what is counted in memory. */
  now?: () => number;
  /** How long a call may wait for the database. */
  answerWithinMs?: number;
}): Promise<RateLimits> {
  const servers = await database.joinServers();
  const memory = createMemoryLimits(now);
  const shared = createSharedLimits({ db: database.db, instead: memory.take, log, answerWithinMs });
  return {
    take(key, limit) {
      const bounded = boundKey(key);
      return servers.others > 0 ? shared.take(bounded, limit) : memory.take(bounded, limit);
    },
    async close() {
      shared.close();
      await servers.close();
    },
  };
}

const longestKey = 200;

/** One that would fill the memory, or that PostgreSQL would not take, is known by its hash. */
function boundKey(key: string): string {
  if (key.length <= longestKey && key.isWellFormed() && !key.includes('\0')) return key;
  return `sha256:${hash('sha256', key)}`;
}
