/** How a webhook has failed, up to its last try. */
export interface Failing {
  /** Of the first failure after the last success. */
  since: string | null;
  /** Of this turn; `null`: the last try was a success. */
  last: { error: string; gone: boolean } | null;
}

/** So many may wait for a receiver that fails. */
export const mostWaiting = 10_000;
const days = 5;
const dayMs = 86_400_000;

/**
 * Why nothing more is sent to a webhook, for who reads it there; `null`: it goes on.
 * @param waiting how many deliveries wait for it
 * @param now in milliseconds since 1970
 */
export function giveUpReason(
  id: number,
  { since, last }: Failing,
  { waiting, now }: { waiting: number; now: number },
): string | null {
  if (!last) return null;
  const again = `switch the webhook on again: PATCH /api/v1/webhooks/${id} with {"is_active": true}`;
  if (last.gone) return `${last.error}. If it does after all, ${again}`;
  if (waiting > mostWaiting) {
    return `More than ${mostWaiting} deliveries wait for it, and it fails. The last try: ${last.error}. Mend the receiver or subscribe to fewer events, then ${again}`;
  }
  if (since === null || now - Date.parse(since) < days * dayMs) return null;
  return `Nothing has arrived for ${days} days, since ${since}. The last try: ${last.error}. Mend the receiver or change the url, then ${again}`;
}
