/** Milliseconds and timers; a test has its own. */
export interface Clock {
  now(): number;
  /** Returns what cancels it. */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    // What only waits for changes must not keep the process from ending.
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};
