import { setTimeout as wait } from 'node:timers/promises';

type Close = () => Promise<unknown> | unknown;

export interface Closing {
  /**
   * Adds what gives something up that was just opened, and how long it is waited for when that
   * takes longer than usual, in milliseconds.
   */
  add(close: Close, withinMs?: number): void;
  /**
   * Gives everything up, the newest first; one that fails or hangs does not keep the others open.
   * Called again, it waits for the same.
   */
  run(): Promise<void>;
}

const usualMs = 5_000;

/** Collects what has to be closed, in the order in which it was opened. */
export function createClosing(onError: (error: unknown) => void): Closing {
  const steps: { close: Close; withinMs: number }[] = [];
  let running: Promise<void> | undefined;

  async function closeAll(): Promise<void> {
    for (let step = steps.pop(); step; step = steps.pop()) {
      try {
        await within(step.withinMs, step.close);
      } catch (error) {
        onError(error);
      }
    }
  }

  return {
    add: (close, withinMs = usualMs) => void steps.push({ close, withinMs }),
    run() {
      running ??= closeAll();
      return running;
    },
  };
}

async function within(ms: number, close: Close): Promise<void> {
  const timer = new AbortController();
  const late = wait(ms, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`it was not closed within ${ms} ms and is left`);
  });
  try {
    await Promise.race([close(), late]);
  } finally {
    late.catch(() => {});
    timer.abort();
  }
}
