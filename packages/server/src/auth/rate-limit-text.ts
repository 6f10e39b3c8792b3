import type { RateLimit } from '@borgos/contracts/caller';

/** Of `600/1000`: requests a minute, and at once. */
export function rateLimitOf(text: string | null): RateLimit | null {
  if (text === null) return null;
  const [perMinute, burst] = text.split('/').map(Number);
  if (!perMinute || !burst) throw new Error(`a token’s rate limit in the database is ${text}`);
  return { perMinute, burst };
}
