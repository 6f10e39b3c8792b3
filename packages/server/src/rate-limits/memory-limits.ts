import type { RateLimit } from '@borgos/contracts/caller';
import { fullAt, type Taken, take, type Usage } from './gcra.ts';

export interface MemoryLimits {
  take(key: string, limit: RateLimit): Taken;
  /** How many keys it knows. */
  readonly size: number;
}

interface Entry extends Usage {
  fullAt: number;
}

/**
 * Counts in memory, for the only server on a database and for one that cannot reach it.
 *
 * However many keys there are, it knows twice `keys` at most. There are two generations: whoever is
 * seen is in the young one. When that is full, those who have everything again are forgotten; were
 * they less than half, it becomes the old one, and what was old is forgotten.
 */
export function createMemoryLimits(now: () => number, keys = 50_000): MemoryLimits {
  let young = new Map<string, Entry>();
  let old = new Map<string, Entry>();

  function makeRoom(time: number): void {
    for (const [key, entry] of young) if (entry.fullAt <= time) young.delete(key);
    if (young.size <= keys / 2) return;
    old = young;
    young = new Map();
  }

  return {
    take(key, limit) {
      const time = Math.floor(now());
      let known = young.get(key);
      if (!known) {
        known = old.get(key);
        if (known) old.delete(key);
        if (young.size >= keys) makeRoom(time);
      }
      const { usage, taken } = take(known, limit, time);
      young.set(key, { used: usage.used, at: usage.at, fullAt: fullAt(usage, limit) });
      return taken;
    },
    get size() {
      return young.size + old.size;
    },
  };
}
