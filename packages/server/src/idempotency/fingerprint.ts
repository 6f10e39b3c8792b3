import { createHmac } from 'node:crypto';

/**
 * What tells one request from another: its method, its path with query, and its body as parsed
 * JSON. Spaces and the order of names in the body do not matter, as some clients write them anew
 * for each try; the order in the query does.
 * @param key secret, as a body may hold a password that could be guessed from a bare hash
 */
export function fingerprintOf(
  key: Buffer,
  { method, url, body }: { method: string; url: string; body: unknown },
): Buffer {
  // Neither a method nor a URL can have a line break.
  return createHmac('sha256', key)
    .update(`${method}\n${url}\n${canonicalJson(body)}`)
    .digest();
}

function canonicalJson(body: unknown): string {
  return body === undefined ? '' : JSON.stringify(body, sortNames);
}

function sortNames(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)),
  );
}
