import type { IncomingHttpHeaders } from 'node:http';

/** Longer and other ones are nobody’s, and need not be looked up. */
const keyForm = /^[\w-]{1,128}$/;

/**
 * The public key that a Sentry SDK sends, from where it may be, in this order: `X-Sentry-Auth`,
 * `Authorization: Sentry …`, `?sentry_key=`, and the DSN in the envelope’s header. The secret key
 * of the SDKs of old, if there is one, is never read.
 */
export function sentryKeyOf(
  headers: IncomingHttpHeaders,
  query: Record<string, unknown>,
  dsn?: string,
): string | undefined {
  const candidates = [
    keyInHeader(headers['x-sentry-auth']),
    keyInHeader(headers.authorization),
    Array.isArray(query.sentry_key) ? query.sentry_key[0] : query.sentry_key,
    keyInDsn(dsn),
  ];
  return candidates.find((candidate) => typeof candidate === 'string' && keyForm.test(candidate)) as
    | string
    | undefined;
}

/** `Sentry sentry_key=…, sentry_version=7, sentry_client=…`, the pairs in any order. */
function keyInHeader(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined || !/^sentry\s/i.test(text)) return undefined;
  for (const pair of text.slice('sentry '.length).split(',')) {
    const [name, value] = pair.split('=', 2);
    if (name?.trim() === 'sentry_key') return value?.trim();
  }
  return undefined;
}

function keyInDsn(dsn: string | undefined): string | undefined {
  if (dsn === undefined || !URL.canParse(dsn)) return undefined;
  return new URL(dsn).username || undefined;
}
