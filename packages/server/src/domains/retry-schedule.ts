const minuteMs = 60_000;
/** Let's Encrypt takes 5 failures of a name an hour: these are 4, and then ever fewer. */
const pauses = [5, 10, 30, 60, 120, 240, 480, 960, 1_440].map((minutes) => minutes * minuteMs);

/** How soon after an attempt a person may have another one made; as much as that limit allows. */
export const shortestPauseMs = 15 * minuteMs;

/**
 * How long after the last of so many failures a certificate is tried for again, in milliseconds.
 * @param random from 0 to 1: many domains that failed together are not tried together
 */
export function pauseAfter(failures: number, random: number): number {
  const pause = pauses[Math.min(failures, pauses.length) - 1] ?? 0;
  return Math.round(pause * (1 + random / 10));
}
