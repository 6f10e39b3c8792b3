import { AppError } from '../errors.ts';

/** What was handed in together: all of it is written, or none. */
export interface Entry<Item> {
  items: Item[];
  bytes: number;
}

export interface GroupCommit<Item, Result> {
  /**
   * Resolves when all of them are durable, with one result for each.
   * @throws AppError UNAVAILABLE when too much waits already
   */
  add(entry: Entry<Item>): Promise<Result[]>;
  /** Writes what waits, and takes no more. */
  close(): Promise<void>;
}

export interface GroupCommitOptions<Item, Result> {
  /**
   * Writes entries durably, in one transaction. Returns for each its results, or the error that
   * only its caller is told. When it throws, nothing was written.
   */
  flush(entries: Entry<Item>[]): Promise<(Result[] | Error)[]>;
  /** How many items a flush takes, if one entry does not have more. */
  mostItems: number;
  /** Of all that waits. */
  mostWaiting: { items: number; bytes: number };
}

interface Waiting<Item, Result> extends Entry<Item> {
  resolve(results: Result[]): void;
  reject(error: unknown): void;
}

/** After which somebody who was refused may try again. */
const retryAfterSeconds = 2;

/**
 * Writes what many callers hand in with few transactions: while one is committed, what comes in
 * waits for the next. There is no timer: a single caller waits for nothing but its own commit.
 */
export function createGroupCommit<Item, Result>({
  flush,
  mostItems,
  mostWaiting,
}: GroupCommitOptions<Item, Result>): GroupCommit<Item, Result> {
  const queue: Waiting<Item, Result>[] = [];
  const waiting = { items: 0, bytes: 0 };
  let working: Promise<void> | undefined;
  let closed = false;

  function take(): Waiting<Item, Result>[] {
    let items = 0;
    let count = 0;
    for (const entry of queue) {
      items += entry.items.length;
      if (count > 0 && items > mostItems) break;
      count += 1;
    }
    const taken = queue.splice(0, count);
    for (const entry of taken) {
      waiting.items -= entry.items.length;
      waiting.bytes -= entry.bytes;
    }
    return taken;
  }

  async function work(): Promise<void> {
    // Who calls in the same turn comes along.
    await undefined;
    while (queue.length > 0) {
      const taken = take();
      try {
        const outcomes = await flush(taken);
        for (const [index, entry] of taken.entries()) settle(entry, outcomes[index]);
      } catch (error) {
        for (const entry of taken) entry.reject(error);
      }
    }
    working = undefined;
  }

  return {
    add({ items, bytes }) {
      if (
        closed ||
        waiting.items + items.length > mostWaiting.items ||
        waiting.bytes + bytes > mostWaiting.bytes
      ) {
        return Promise.reject(tooMuch(closed));
      }
      waiting.items += items.length;
      waiting.bytes += bytes;
      return new Promise((resolve, reject) => {
        queue.push({ items, bytes, resolve, reject });
        working ??= work();
      });
    },
    async close() {
      closed = true;
      await working;
    },
  };
}

function settle<Item, Result>(
  { resolve, reject }: Waiting<Item, Result>,
  outcome: Result[] | Error | undefined,
): void {
  if (Array.isArray(outcome)) resolve(outcome);
  else reject(outcome ?? new Error('an entry was written, but nothing was said of it'));
}

function tooMuch(closed: boolean): AppError {
  const why = closed ? 'BorgOS is being stopped' : 'More errors come in than can be written';
  return new AppError('UNAVAILABLE', `${why}. Try again in ${retryAfterSeconds} seconds`, {
    retryAfterSeconds,
  });
}
