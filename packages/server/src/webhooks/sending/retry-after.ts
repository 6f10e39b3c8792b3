const longestSeconds = 86_400;

/**
 * What `Retry-After` asks for, as seconds or as a date of HTTP: seconds from now, at most a day;
 * `null`: nothing that can be understood.
 * @param now Unix milliseconds
 */
export function retryAfterSeconds(value: string, now: number): number | null {
  const text = value.trim();
  const seconds = /^\d+$/.test(text) ? Number(text) : secondsUntil(text, now);
  return Number.isNaN(seconds) ? null : Math.min(Math.max(seconds, 0), longestSeconds);
}

function secondsUntil(date: string, now: number): number {
  // Much else would be taken for a date, too, and in the zone of this machine.
  if (!/^[a-z]+, .*\d{2}:\d{2}:\d{2} GMT$/i.test(date)) return Number.NaN;
  return Math.ceil((Date.parse(date) - now) / 1_000);
}
