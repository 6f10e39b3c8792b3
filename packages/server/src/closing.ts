export interface Closing {
  /** Adds what gives something up that was just opened. */
  add(close: () => Promise<unknown> | unknown): void;
  /** Gives everything up, the newest first; one that fails does not keep the others open. */
  run(): Promise<void>;
}

/** Collects what has to be closed, in the order in which it was opened. */
export function createClosing(onError: (error: unknown) => void): Closing {
  const steps: (() => Promise<unknown> | unknown)[] = [];
  return {
    add: (close) => void steps.push(close),
    async run() {
      for (let close = steps.pop(); close; close = steps.pop()) {
        try {
          await close();
        } catch (error) {
          onError(error);
        }
      }
    },
  };
}
