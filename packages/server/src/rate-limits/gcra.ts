import type { RateLimit } from '@borgos/contracts/caller';

/** What a caller is told of its limit. */
export interface Taken {
  allowed: boolean;
  /** Tokens used and not refilled yet, this one included; rounded up. */
  used: number;
  /** The Unix second at which all is refilled; rounded up. */
  resetAt: number;
  /** Seconds until the next one is allowed: 0 when allowed, else whole, rounded up, at least 1. */
  retryAfter: number;
}

/** How much was used at some time, of one key. */
export interface Usage {
  /** In units. */
  used: number;
  /** Unix milliseconds. */
  at: number;
}

/**
 * A token in units: a millisecond refills `perMinute` of them. So everything is a whole number, and
 * exact at every rate, which a number of milliseconds for a token is not.
 */
export const unitsPerToken = 60_000;

/**
 * Takes one token, if there is one: the generic cell rate algorithm of ITU-T I.371, as the leaky
 * bucket that it is defined by. A refused call uses nothing.
 *
 * `now` is in whole Unix milliseconds. Where it lies before the last time, nothing is refilled and
 * time goes on from there, so that a clock set back locks nobody out.
 */
export function take(
  usage: Usage | undefined,
  limit: RateLimit,
  now: number,
): { usage: Usage; taken: Taken } {
  const before = usage ? usedAt(usage, limit, now) : 0;
  const allowed = before + unitsPerToken <= limit.burst * unitsPerToken;
  const after = { used: allowed ? before + unitsPerToken : before, at: now };
  return { usage: after, taken: describe(after, limit, allowed) };
}

/** In units. A burst that was made smaller since is no debt. */
function usedAt({ used, at }: Usage, { perMinute, burst }: RateLimit, now: number): number {
  const refilled = Math.max(now - at, 0) * perMinute;
  return Math.min(Math.max(used - refilled, 0), burst * unitsPerToken);
}

/** When all of it is refilled, in Unix milliseconds, rounded up. */
export function fullAt({ used, at }: Usage, { perMinute }: RateLimit): number {
  return at + Math.ceil(used / perMinute);
}

/** What one caller is told after it took its token, or did not get one. */
export function describe(usage: Usage, limit: RateLimit, allowed: boolean): Taken {
  const missing = usage.used + unitsPerToken - limit.burst * unitsPerToken;
  return {
    allowed,
    used: Math.ceil(usage.used / unitsPerToken),
    resetAt: Math.ceil(fullAt(usage, limit) / 1000),
    retryAfter: allowed ? 0 : Math.ceil(Math.ceil(missing / limit.perMinute) / 1000),
  };
}
