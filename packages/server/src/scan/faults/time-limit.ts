import { createContext, Script } from 'node:vm';

/** A piece of work was ended because it took too long. */
export class TooSlow extends Error {}

/**
 * Calls `work`, and ends it after `milliseconds`, wherever it is: loops of JavaScript and
 * WebAssembly, and regular expressions, are interrupted, which nothing else can do on one thread.
 * What was interrupted is in no known state and must be thrown away.
 *
 * @throws TooSlow, and whatever `work` throws.
 */
export function createTimeLimit(milliseconds: number): <T>(work: () => T) => T {
  const context = createContext({ work: undefined });
  const script = new Script('work()');
  return (work) => {
    context.work = work;
    try {
      return script.runInContext(context, { timeout: milliseconds });
    } catch (error) {
      // It is an error of the other context, whose `Error` is another.
      if ((error as { code?: unknown } | undefined)?.code === timedOut) {
        throw new TooSlow(`It took more than ${milliseconds / 1000} s.`);
      }
      throw error;
    } finally {
      context.work = undefined;
    }
  };
}

const timedOut = 'ERR_SCRIPT_EXECUTION_TIMEOUT';
