import { z } from 'zod';
import type { Scope } from './endpoint.ts';
import { id } from './fields.ts';

/** How a caller showed who it is. */
export const credential = z
  .enum(['local', 'password', 'api_token', 'session', 'none', 'system'])
  .meta({
    description:
      '`local`: no credential, on this machine; `password`: HTTP Basic; `api_token`: a `borg_…` token; `session`: an access token of `POST /api/v1/auth/token`; `none`: an endpoint that is open to everybody; `system`: BorgOS itself.',
  });

/** Who did something, as the audit trail keeps it. */
export const actor = z
  .object({
    credential,
    user: z.string().nullable().meta({ description: 'The name of the user, if there is one.' }),
    token_id: id.nullable().meta({ description: 'Of the API token, if it was one.' }),
    address: z
      .string()
      .nullable()
      .meta({ description: 'Where the request came from.', examples: ['127.0.0.1'] }),
    request_id: z
      .string()
      .nullable()
      .meta({ description: 'The same as in `X-Request-Id` and the log.' }),
  })
  .meta({ id: 'Actor', description: 'Who did something, from where, with which credential.' });

export type Actor = z.infer<typeof actor>;

/** Who a request is from, and what they may do. */
export interface Caller {
  credential: z.infer<typeof credential>;
  /** `null`: nobody in particular, as the local user without a credential. */
  user: { id: number; name: string } | null;
  tokenId: number | null;
  /** Where the request came from: of the socket, or of the first proxy that is not trusted. */
  address: string;
  scopes: ReadonlySet<Scope>;
  /** A limit of its own: `null` is the one of the settings. */
  rateLimit: RateLimit | null;
  /** Of nobody known: why it is not the local user, and what to do. */
  unknownBecause?: string;
}

/** So many requests a minute in the long run, so many at once. */
export interface RateLimit {
  perMinute: number;
  burst: number;
}
