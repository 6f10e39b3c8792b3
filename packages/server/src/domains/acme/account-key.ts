import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';

/** The public part of an account's key, as ACME wants it. */
export interface PublicJwk {
  crv: 'P-256';
  kty: 'EC';
  x: string;
  y: string;
}

export interface AccountKey {
  readonly jwk: PublicJwk;
  /** What answers a challenge: shows that who answers has asked for it (RFC 8555, 8.1). */
  keyAuthorization(token: string): string;
  /** A JWS in its flattened form; `payload` `undefined`: a read (RFC 8555, 6.3). */
  sign(header: Record<string, unknown>, payload: unknown): string;
}

/** A new private key, as PEM. */
export function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export function openAccountKey(pem: string): AccountKey {
  const key = createPrivateKey(pem);
  const jwk = publicJwkOf(key);
  // Members in this order and no others (RFC 7638).
  const { crv, kty, x, y } = jwk;
  const canonical = JSON.stringify({ crv, kty, x, y });
  const thumbprint = createHash('sha256').update(canonical).digest('base64url');
  return {
    jwk,
    keyAuthorization: (token) => `${token}.${thumbprint}`,
    sign(header, payload) {
      const protectedPart = base64url(JSON.stringify({ alg: 'ES256', ...header }));
      const body = payload === undefined ? '' : base64url(JSON.stringify(payload));
      const content = Buffer.from(`${protectedPart}.${body}`);
      const signature = sign('sha256', content, { key, dsaEncoding: 'ieee-p1363' });
      return JSON.stringify({
        protected: protectedPart,
        payload: body,
        signature: signature.toString('base64url'),
      });
    },
  };
}

function publicJwkOf(key: KeyObject): PublicJwk {
  const { crv, kty, x, y } = key.export({ format: 'jwk' });
  if (crv !== 'P-256' || kty !== 'EC' || !x || !y) throw new Error('the key is none of P-256');
  return { crv, kty, x, y };
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
