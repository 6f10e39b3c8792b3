import { printable } from '@borgos/contracts/fields';
import { isApiToken } from './api-token.ts';

export type Credential =
  | { kind: 'password'; encoded: string }
  | { kind: 'api_token'; token: string }
  | { kind: 'session'; token: string };

/** Characters; Node gives headers as Latin-1, so these are its bytes. */
const longestHeader = 4096;
const longestName = 64;
const longestPassword = 1024;

const header = /^(basic|bearer) +([^\s]+)$/i;
const base64 = /^[A-Za-z0-9+/]+={0,2}$/;
const jwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** What an `Authorization` header carries; `undefined`: nothing that could be valid. */
export function readAuthorization(authorization: string): Credential | undefined {
  if (authorization.length > longestHeader) return undefined;
  const [, scheme = '', value = ''] = header.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'basic') {
    return base64.test(value) ? { kind: 'password', encoded: value } : undefined;
  }
  if (isApiToken(value)) return { kind: 'api_token', token: value };
  return jwt.test(value) ? { kind: 'session', token: value } : undefined;
}

/** The user name and password of a Basic credential; `undefined`: nobody can have these. */
export function decodeBasic(encoded: string): { name: string; password: string } | undefined {
  const text = decodeUtf8(Buffer.from(encoded, 'base64'));
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon < 0) return undefined;
  const name = text.slice(0, colon).trim().toLowerCase();
  const password = text.slice(colon + 1);
  const isPossible =
    name.length > 0 &&
    name.length <= longestName &&
    printable.test(name) &&
    password.length > 0 &&
    password.length <= longestPassword;
  return isPossible ? { name, password } : undefined;
}

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
