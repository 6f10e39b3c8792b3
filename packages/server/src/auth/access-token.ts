import { webcrypto } from 'node:crypto';
import { type Scope, scopes } from '@borgos/contracts/endpoint';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';

/** Seconds that an access token lives. */
export const accessTokenSeconds = 900;

const algorithm = 'HS256';
const issuer = 'borgos';
const audience = 'borgos-api';
/** RFC 9068: so that no other JWT of ours can be taken for one. */
const type = 'at+jwt';
const keyLength = 32;

export interface AccessTokenClaims {
  sessionId: string;
  userId: number;
  /** The user's version when it was made. */
  version: number;
  scopes: Scope[];
}

export interface AccessTokens {
  make(claims: AccessTokenClaims): Promise<string>;
  /** `undefined`: forged, expired, or no access token of ours. */
  verify(token: string): Promise<AccessTokenClaims | undefined>;
}

const payloadSchema = z.object({
  sub: z.string().regex(/^[1-9]\d{0,9}$/),
  sid: z.uuid(),
  ver: z.int(),
  scopes: z.array(z.enum(scopes as [Scope, ...Scope[]])),
});

/** JWTs for the API. `signingKey`: 32 random bytes; `now`: in milliseconds. */
export function createAccessTokens({
  signingKey,
  now,
}: {
  signingKey: Buffer;
  now: () => number;
}): AccessTokens {
  if (signingKey.length !== keyLength) {
    throw new Error(`the signing key must have ${keyLength} bytes, and has ${signingKey.length}`);
  }
  // Once, as jose would import it anew for each token.
  const importing = webcrypto.subtle.importKey(
    'raw',
    new Uint8Array(signingKey),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign', 'verify'],
  );

  return {
    async make({ sessionId, userId, version, scopes }) {
      const seconds = Math.floor(now() / 1000);
      return new SignJWT({ sid: sessionId, ver: version, scopes })
        .setProtectedHeader({ alg: algorithm, typ: type })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(String(userId))
        .setIssuedAt(seconds)
        .setExpirationTime(seconds + accessTokenSeconds)
        .sign(await importing);
    },

    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, await importing, {
          algorithms: [algorithm],
          issuer,
          audience,
          typ: type,
          currentDate: new Date(now()),
          requiredClaims: ['exp', 'iat'],
        });
        const { sub, sid, ver, scopes } = payloadSchema.parse(payload);
        return { sessionId: sid, userId: Number(sub), version: ver, scopes };
      } catch (error) {
        if (error instanceof errors.JOSEError || error instanceof z.ZodError) return undefined;
        throw error;
      }
    },
  };
}
