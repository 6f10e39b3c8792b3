import { version } from '../../settings.ts';
import { type Signed, sign } from './signature.ts';

const userAgent = `BorgOS/${version}`;

/** What a webhook is sent with, as Standard Webhooks 1.0 has it. */
export function signedHeaders(signed: Signed): Record<string, string> {
  return {
    'content-type': 'application/json',
    'user-agent': userAgent,
    'webhook-id': signed.id,
    'webhook-timestamp': String(signed.timestamp),
    'webhook-signature': sign(signed),
  };
}
