import { AppError } from '../errors.ts';

/** What was found a short while ago, under secret or random keys. */
export interface FreshCache<T> {
  /**
   * What is known, at once; else what `load` gives, which all who ask meanwhile share. `undefined`
   * and errors are not remembered.
   */
  get(key: string, load: () => Promise<T | undefined>): T | Promise<T | undefined>;
  /** Forgets these, and what is being loaded: that may have been read before they changed. */
  dropWhere(matches: (value: T) => boolean): void;
}

const mostLoading = 1000;

/** @param now in milliseconds */
export function createFreshCache<T>({
  maxAgeMs,
  maxEntries,
  now,
}: {
  maxAgeMs: number;
  maxEntries: number;
  now: () => number;
}): FreshCache<T> {
  const entries = new Map<string, { value: T; loadedAt: number }>();
  const loading = new Map<string, Promise<T | undefined>>();

  function start(key: string, load: () => Promise<T | undefined>): Promise<T | undefined> {
    if (loading.size >= mostLoading) {
      throw new AppError('UNAVAILABLE', 'Too many credentials are being checked. Try again soon', {
        retryAfterSeconds: 1,
      });
    }
    // Of before it is read, lest it be taken for younger than it is.
    const loadedAt = now();
    const answer = load().then(
      (value) => {
        if (settle() && value !== undefined) keep(key, { value, loadedAt });
        return value;
      },
      (error) => {
        settle();
        throw error;
      },
    );
    /** Whether nothing was dropped meanwhile. */
    const settle = () => loading.get(key) === answer && loading.delete(key);
    loading.set(key, answer);
    return answer;
  }

  function keep(key: string, entry: { value: T; loadedAt: number }): void {
    entries.delete(key);
    entries.set(key, entry);
    for (const [oldest] of entries) {
      if (entries.size <= maxEntries) break;
      entries.delete(oldest);
    }
  }

  return {
    get(key, load) {
      const entry = entries.get(key);
      if (entry) {
        const age = now() - entry.loadedAt;
        // Below zero: the clock was set back, and would keep it alive.
        if (age >= 0 && age < maxAgeMs) return entry.value;
        entries.delete(key);
      }
      return loading.get(key) ?? start(key, load);
    },
    dropWhere(matches) {
      loading.clear();
      for (const [key, { value }] of entries) if (matches(value)) entries.delete(key);
    },
  };
}
