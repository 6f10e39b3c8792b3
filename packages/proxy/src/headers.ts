import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Site } from './site.ts';

/** Of one connection only (RFC 9110, 7.6.1), so never passed on as they came. */
const hopByHop = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Node marks the empty body of all other methods, and would do so with an empty chunked one. */
const withoutLength = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

/** What would change how a request or an answer is read, were it believed after the body. */
const notInTrailers = new Set([
  ...['authorization', 'cookie', 'set-cookie', 'expect', 'range', 'trailer', 'location', 'age'],
  ...['content-encoding', 'content-type', 'content-range', 'cache-control', 'expires', 'vary'],
]);

/** What a `Connection` header may not strip, as framing and routing depend on it. */
const indispensable = new Set(['content-length', 'host']);

/**
 * The request's headers as the target gets them: spelling, order and duplicates kept, hop-by-hop
 * ones removed, `X-Forwarded-*` set by the proxy. What a visitor says of who it is or how it came
 * (`X-Forwarded-*`, `X-Real-IP`, `Forwarded`) is dropped, unless its address is a trusted proxy:
 * then its own chain is kept and its address added.
 */
export function headersForTarget(
  request: IncomingMessage,
  site: Site,
  host: string,
  { upgrade, expect }: { upgrade?: string | undefined; expect: boolean },
): string[] {
  const { headers, rawHeaders, socket } = request;
  const peer = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
  const trusted = site.trusts(peer);
  const chunked = headers['transfer-encoding'] !== undefined;
  const listed = connectionOptions(headers.connection);
  const kept: string[] = [];
  forEachHeader(rawHeaders, (name, key, value) => {
    if (hopByHop.has(key) || listed.has(key) || key === 'host') return;
    if (key === 'trailer' && !chunked) return;
    if (key === 'content-length') {
      // Of two spellings the target might believe the other one; some read a leading zero as octal.
      if (name.length === key.length && !/[._]/.test(name)) kept.push(name, withoutZeros(value));
      return;
    }
    if (key === 'expect' && !expect) return;
    if (isForwarding(key) && !(trusted && !isOwn(key))) return;
    kept.push(name, value);
  });
  kept.push('Host', host);
  if (chunked) kept.push('Transfer-Encoding', 'chunked');
  else if (headers['content-length'] === undefined && !withoutLength.has(request.method ?? '')) {
    kept.push('Content-Length', '0');
  }
  if (connectionOptions(one(headers.te)).has('trailers')) kept.push('TE', 'trailers');
  if (upgrade !== undefined) kept.push('Connection', 'Upgrade', 'Upgrade', upgrade);
  const before = trusted ? headers : {};
  const chain = one(before['x-forwarded-for']);
  kept.push('X-Forwarded-For', chain ? `${chain}, ${peer}` : peer);
  kept.push(
    'X-Forwarded-Proto',
    one(before['x-forwarded-proto']) ?? ('encrypted' in socket ? 'https' : 'http'),
  );
  kept.push('X-Forwarded-Host', one(before['x-forwarded-host']) ?? host);
  kept.push('X-Forwarded-Port', one(before['x-forwarded-port']) ?? String(site.port()));
  return kept;
}

/**
 * The answer's headers as the visitor gets them. `Trailer` only goes where trailers can: into a
 * chunked answer, as Node refuses it elsewhere.
 */
export function headersForVisitor(
  incoming: { headers: IncomingHttpHeaders; rawHeaders: string[] },
  chunkedAnswer: boolean,
): string[] {
  const listed = connectionOptions(incoming.headers.connection);
  const kept: string[] = [];
  forEachHeader(incoming.rawHeaders, (name, key, value) => {
    if (hopByHop.has(key) || listed.has(key)) return;
    if (key === 'trailer' && !chunkedAnswer) return;
    kept.push(name, value);
  });
  return kept;
}

/** Trailers may not smuggle in what belongs into the header section. */
export function passableTrailers(rawTrailers: string[]): [string, string][] {
  const kept: [string, string][] = [];
  forEachHeader(rawTrailers, (name, key, value) => {
    if (hopByHop.has(key) || notInTrailers.has(key) || isForwarding(key)) return;
    if (indispensable.has(key)) return;
    kept.push([name, value]);
  });
  return kept;
}

function forEachHeader(
  raw: string[],
  visit: (name: string, key: string, value: string) => void,
): void {
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    visit(name, keyOf(name), raw[index + 1] ?? '');
  }
}

/** CGI-like servers and PHP read X_Forwarded.For as X-Forwarded-For, so all are judged alike. */
function keyOf(name: string): string {
  return name.toLowerCase().replaceAll('_', '-').replaceAll('.', '-');
}

function withoutZeros(length: string): string {
  return length.replace(/^0+(?=\d)/, '');
}

function connectionOptions(value: string | undefined): Set<string> {
  const options = new Set<string>();
  for (const option of value?.split(',') ?? []) {
    const name = keyOf(option.trim());
    if (name !== '' && !indispensable.has(name)) options.add(name);
  }
  return options;
}

function isForwarding(key: string): boolean {
  return key.startsWith('x-forwarded-') || key === 'forwarded' || key === 'x-real-ip';
}

function isOwn(key: string): boolean {
  return /^x-forwarded-(for|proto|host|port)$/.test(key);
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
