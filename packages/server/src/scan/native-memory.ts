import { setImmediate as nextTurn } from 'node:timers/promises';

/** Of scripts; their parser holds about ten times as much. */
const mostBytes = 3 * 1024 ** 2;
const script = /\.[cm]?[jt]sx?$/i;

/**
 * Gives back what the parser of scripts holds outside of JavaScript's heap: several GB for a large
 * project. The collector does not know of it and sees no need to run; and what it frees is given back
 * only between two turns of the event loop.
 */
export function createNativeMemory(): {
  /** A file was parsed. */
  add(path: string, bytes: number): void;
  /** Takes some 20 ms where there is much to give back, and nothing else. */
  giveBack(): Promise<void>;
} {
  let held = 0;
  return {
    add(path, bytes) {
      if (script.test(path)) held += bytes;
    },
    async giveBack() {
      if (held < mostBytes) return;
      held = 0;
      globalThis.gc?.();
      await nextTurn();
    },
  };
}
