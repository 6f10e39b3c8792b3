const minute = 60_000;
const hour = 60 * minute;

/** Before each try, in milliseconds, as Standard Webhooks proposes. */
const delays: readonly number[] = [
  0,
  5_000,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];
const longestMs = 24 * hour;
const jitter = 0.2;

export interface FailedDelivery {
  /** How many tries have failed. */
  failures: number;
  /** What the receiver asked for last. */
  retryAfterSeconds: number | null;
  /** From 0 to below 1. */
  random?: () => number;
}

/**
 * Milliseconds until the next try; `null`: there is none any more. Up to a fifth more or less than
 * the schedule, so that what failed together does not come back together; never before the receiver
 * asked for it, unless that is more than a day.
 */
export function nextTryInMs({
  failures,
  retryAfterSeconds,
  random = Math.random,
}: FailedDelivery): number | null {
  const delay = delays[failures];
  if (delay === undefined) return null;
  const chance = random();
  const scheduled = delay * (1 - jitter + 2 * jitter * chance);
  const asked = Math.min((retryAfterSeconds ?? 0) * 1_000, longestMs);
  return Math.round(Math.max(scheduled, asked * (1 + jitter * chance)));
}
