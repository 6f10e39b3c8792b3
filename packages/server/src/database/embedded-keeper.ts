import { setTimeout as wait } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import { isPostmaster } from './postmaster-lock.ts';

const checkMs = 1_000;
const afterFailureMs = 5_000;
const leaveMs = 5_000;

/**
 * Starts a server again whenever it has died, as when the system ran out of memory, until it is
 * left. What it was asked meanwhile fails; connections are made again by those who have them.
 */
export function keepPostmaster({
  pid,
  data,
  startAgain,
  log,
}: {
  pid: number;
  data: string;
  /** Returns the pid of the one that runs now. */
  startAgain: (left: AbortSignal) => Promise<number>;
  log: Pick<BaseLogger, 'info' | 'warn'>;
}): {
  pid(): number;
  /** Starts none any more. A start that is under way is waited for, at most 5 s. */
  leave(): Promise<void>;
} {
  const left = new AbortController();
  let current = pid;
  const keeping = keep();

  async function keep(): Promise<void> {
    for (let delayMs = checkMs; !left.signal.aborted; ) {
      // Rejects only when left, which ends the loop.
      await wait(delayMs, undefined, { signal: left.signal, ref: false }).catch(() => {});
      if (left.signal.aborted) return;
      delayMs = (await look()) ? checkMs : afterFailureMs;
    }
  }

  /** Returns whether a server runs. */
  async function look(): Promise<boolean> {
    try {
      if (await isPostmaster(current, data)) return true;
      log.warn({ postmaster: current }, 'PostgreSQL has died; starting it again');
      current = await startAgain(left.signal);
      log.info({ postmaster: current }, 'PostgreSQL runs again');
      return true;
    } catch (error) {
      if (!left.signal.aborted) {
        log.warn({ err: error }, 'PostgreSQL could not be started again; trying once more in 5 s');
      }
      return false;
    }
  }

  return {
    pid: () => current,
    async leave() {
      left.abort();
      await Promise.race([keeping, wait(leaveMs, undefined, { ref: false })]);
    },
  };
}
