/** Runs what concerns the same key one after the other, in the order it came. */
export interface Turns {
  take<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** All that was taken so far is done. */
  settled(): Promise<void>;
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return {
    take(key, work) {
      const turn = (last.get(key) ?? Promise.resolve()).then(work, work);
      last.set(key, turn);
      const forget = () => {
        if (last.get(key) === turn) last.delete(key);
      };
      turn.then(forget, forget);
      return turn;
    },
    async settled() {
      await Promise.allSettled(last.values());
    },
  };
}
