import type { Secrets } from '../secrets/secrets.ts';
import type { Outcome, Sender } from './sending/send.ts';
import { signedHeaders } from './sending/signed-headers.ts';
import type { Target } from './store.ts';
import { openKeys } from './webhook-secrets.ts';

/** One try, and what came of it. */
export interface Tried {
  /** When it began. */
  at: string;
  headers: Record<string, string>;
  outcome: Outcome;
}

export type SendOnce = (
  target: Target,
  message: { message_id: string; body: string },
  signal: AbortSignal,
) => Promise<Tried>;

/**
 * Signs and sends, with the time of now. The function throws the signal's reason, and Error when the
 * sender is closed: what came of it is not known then.
 * @param now in milliseconds since 1970
 */
export function createSendOnce({
  sender,
  secrets,
  now,
}: {
  sender: Pick<Sender, 'send'>;
  secrets: Pick<Secrets, 'open'>;
  now: () => number;
}): SendOnce {
  return async (target, { message_id, body }, signal): Promise<Tried> => {
    const at = new Date(now());
    const id = `msg_${message_id}`;
    const timestamp = Math.floor(at.getTime() / 1_000);
    const keys = keysOf(secrets, target, at.getTime());
    if (!keys) return { at: at.toISOString(), headers: {}, outcome: unsigned(target.id) };
    const headers = signedHeaders({ id, timestamp, body, keys });
    const outcome = await sender.send({ url: target.url, body, headers }, signal);
    return { at: at.toISOString(), headers, outcome };
  };
}

function keysOf(secrets: Pick<Secrets, 'open'>, target: Target, now: number): string[] | undefined {
  try {
    return openKeys(secrets, target, now);
  } catch {
    return undefined;
  }
}

function unsigned(id: number): Outcome {
  return {
    status: null,
    response_headers: {},
    response_body: null,
    duration_ms: 0,
    error: `Nothing was sent: the secret of the webhook cannot be decrypted, as its key is lost or it was changed. Give it another one: POST /api/v1/webhooks/${id}/rotate-secret`,
    retry_after_seconds: null,
    gone: false,
  };
}
