import { AppError } from '../errors.ts';

export type HashingTurns = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Lets only so much hashing of passwords go on at a time, as each takes 19 MiB and a core; the
 * others wait in line.
 * @returns what runs `work` when it is its turn
 * @throws AppError UNAVAILABLE when too many wait already, or it is not its turn in time
 */
export function createHashingTurns({
  atOnce = 2,
  waiting = 32,
  patienceMs = 10_000,
}: {
  atOnce?: number;
  waiting?: number;
  patienceMs?: number;
} = {}): HashingTurns {
  let running = 0;
  const line = new Set<() => void>();

  function waitInLine(): Promise<void> {
    if (line.size >= waiting) throw tooBusy();
    return new Promise((resolve, reject) => {
      const giveUp = setTimeout(() => {
        line.delete(proceed);
        reject(tooBusy());
      }, patienceMs);
      const proceed = () => {
        clearTimeout(giveUp);
        resolve();
      };
      line.add(proceed);
    });
  }

  /** Hands the place on rather than freeing it, so that nobody who comes now overtakes the line. */
  function leave(): void {
    const [next] = line;
    if (!next) {
      running -= 1;
      return;
    }
    line.delete(next);
    next();
  }

  return async (work) => {
    if (running >= atOnce) await waitInLine();
    else running += 1;
    try {
      return await work();
    } finally {
      leave();
    }
  };
}

function tooBusy(): AppError {
  return new AppError('UNAVAILABLE', 'Too many passwords are being checked. Try again soon', {
    retryAfterSeconds: 2,
  });
}
