import type { Endpoint } from '@borgos/contracts/endpoint';
import { BorgosError } from './error.ts';

const tries = 3;
const firstPauseMs = 100;
/** In seconds. To wait longer is for the caller to decide. */
const longestRetryAfter = 5;

/**
 * @param attempt how many times it was tried
 * @returns how long to wait before the call is tried again, in ms; `undefined`: it must not be, or
 * would fail again
 */
export function pauseBeforeRetry(
  method: Endpoint['method'],
  attempt: number,
  error: unknown,
): number | undefined {
  if (!(error instanceof BorgosError) || attempt >= tries) return undefined;
  const { code, status, retryAfter } = error;
  // Several that wait for the same must not come back at the same moment.
  const jitter = Math.random();
  // Nothing of the first has been done; to the second, the answer to an earlier try was lost and
  // is still being made.
  if (status === 429 || code === 'IDEMPOTENCY_KEY_IN_USE') {
    const isSoon = retryAfter !== null && retryAfter <= longestRetryAfter;
    return isSoon ? retryAfter * 1000 + jitter * firstPauseMs : undefined;
  }
  // What changes nothing, and what the server does once for its key.
  const maySendAgain = method === 'GET' || method === 'POST';
  const isPassing = code === 'UNREACHABLE' || status === 503;
  return maySendAgain && isPassing ? firstPauseMs * 2 ** (attempt - 1) * (0.5 + jitter) : undefined;
}

/** Ends early when the signal aborts: the next try sees it, and says so. */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done);
  });
}
