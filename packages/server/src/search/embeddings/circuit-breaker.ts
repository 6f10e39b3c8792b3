/** Keeps what fails from being asked again and again. */
export interface CircuitBreaker {
  /** Why it is not to be asked now; `null`: it may be. */
  closedFor(): string | null;
  succeeded(): void;
  /** @param waitMs for how long, where that is known */
  failed(reason: string, waitMs: number | undefined): void;
}

const firstMs = 5_000;
const mostMs = 300_000;

/** After each failure in a row the pause is twice as long: 5 seconds first, 5 minutes at the most. */
export function createCircuitBreaker(now: () => number): CircuitBreaker {
  let failures = 0;
  let until = 0;
  let because = '';
  return {
    closedFor: () => (now() < until ? because : null),
    succeeded() {
      failures = 0;
      until = 0;
    },
    failed(reason, waitMs) {
      until = now() + (waitMs ?? Math.min(mostMs, firstMs * 2 ** Math.min(failures, 10)));
      failures += 1;
      because = reason;
    },
  };
}
