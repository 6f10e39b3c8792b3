import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';

/** A third of the time that others get who want it as well. */
const niceness = 5;

/**
 * The side of the child of `startChild`: its end comes from the server, or with the server.
 * @returns whether the server is gone, also to what never waits and so hears no event
 */
export function liveAsChild(): { readonly aborted: boolean } {
  // They come to all that runs on a terminal: the server answers them, and ends this one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  yieldToOthers();
  const { ppid } = process;
  return {
    get aborted() {
      return process.ppid !== ppid;
    },
  };
}

/** Requests come first; yet on a busy machine the work must go on. */
function yieldToOthers(): void {
  try {
    setPriority(niceness);
    // On Linux each thread has its own, and those of V8 run already.
    for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), niceness);
  } catch {
    // There is no such folder elsewhere; and being as fast as others is no reason not to work.
  }
}
