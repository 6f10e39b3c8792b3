/** How many messages of one connection are not forgotten yet. */
export interface MessageUse {
  used: number;
  refused: number;
  /** Milliseconds, as `now`. */
  at: number;
}

export const messagesPerSecond = 10;
/** So many are refused in words, before the connection is closed. */
const patience = 20;

export function noMessages(now: number): MessageUse {
  return { used: 0, refused: 0, at: now };
}

/**
 * Counts one message, refilled evenly at 10 a second, with room for 10.
 * @param use is changed
 * @param now in milliseconds, never going back
 * @returns `end` for who has been refused too often without a pause that refills all of it
 */
export function countMessage(use: MessageUse, now: number): 'take' | 'refuse' | 'end' {
  use.used = Math.max(0, use.used - ((now - use.at) * messagesPerSecond) / 1000);
  use.at = now;
  if (use.used === 0) use.refused = 0;
  if (use.used + 1 <= messagesPerSecond) {
    use.used += 1;
    return 'take';
  }
  use.refused += 1;
  return use.refused > patience ? 'end' : 'refuse';
}
