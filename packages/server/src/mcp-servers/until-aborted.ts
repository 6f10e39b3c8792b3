/** Waits for what goes on when nobody waits for it any more. @throws the signal's reason */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const stop = () => aborted.reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([aborted.promise, work]);
  } finally {
    signal.removeEventListener('abort', stop);
    // Whoever loses the race may fail later, which is nobody's business.
    work.catch(() => {});
    aborted.promise.catch(() => {});
  }
}
