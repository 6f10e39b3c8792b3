import { AppError } from '../errors.ts';

/** @throws AppError IDEMPOTENCY_KEY_REUSED when the two fingerprints differ */
export function requireSame(first: Buffer, now: Buffer): void {
  if (first.equals(now)) return;
  throw new AppError(
    'IDEMPOTENCY_KEY_REUSED',
    'This Idempotency-Key was sent before with another method, path, query or body. Send each request with a key of its own, and only its retries with the same one',
  );
}

export function inUse(): AppError {
  return new AppError(
    'IDEMPOTENCY_KEY_IN_USE',
    'A request with this Idempotency-Key is still being answered. Send it again in a moment, with the same key',
    { retryAfterSeconds: 1 },
  );
}

export function outcomeUnknown(what: string, cause?: unknown): AppError {
  return new AppError(
    'OUTCOME_UNKNOWN',
    `${what}: look at the state, then send it with a new key if it is still needed`,
    { cause },
  );
}
