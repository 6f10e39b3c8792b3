import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../errors.ts';

export interface GuardRules {
  /** Names that `Host` may have beside those of loopback, without a port. */
  allowedHosts: readonly string[];
  /** Origins whose pages may call, beside the server's own. */
  allowedOrigins: readonly string[];
}

export interface GuardedRequest {
  method: string;
  headers: IncomingHttpHeaders;
  /** The address at the other end of the socket; `undefined` when it is closed already. */
  peer: string | undefined;
}

const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];
const readMethods = new Set(['GET', 'HEAD', 'OPTIONS']);
const jsonType = /^application\/json[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/i;

/** A proxy sets one of these, so the real caller may be anywhere although the peer is loopback. */
const forwardingHeaders = new Set([
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'fly-client-ip',
]);

/**
 * Decides who gets in, for every request and every route. Without credentials only the user of
 * this machine does, and no web page that the user happens to look at: a foreign page can send
 * requests to loopback, and by rebinding its own name to loopback even read the answers.
 * @returns a function from a request to its refusal; `undefined`: it may pass
 */
export function createGuard(rules: GuardRules): (request: GuardedRequest) => AppError | undefined {
  const hosts = new Set([
    ...loopbackNames,
    ...rules.allowedHosts.map((host) => host.toLowerCase()),
  ]);
  const origins = new Set(rules.allowedOrigins);
  return (request) =>
    checkHost(request, hosts) ??
    checkOrigin(request, origins) ??
    checkBody(request) ??
    checkCaller(request);
}

function checkHost({ headers }: GuardedRequest, hosts: Set<string>): AppError | undefined {
  const name = /^(\[[^\]]+\]|[^:]+)(?::\d{1,5})?$/.exec(headers.host ?? '')?.[1]?.toLowerCase();
  if (name !== undefined && hosts.has(name)) return undefined;
  return new AppError(
    'MISDIRECTED_REQUEST',
    `BorgOS does not answer to this Host. Use localhost, or add the name to BORGOS_ALLOWED_HOSTS`,
  );
}

function checkOrigin(request: GuardedRequest, origins: Set<string>): AppError | undefined {
  const { origin, host = '' } = request.headers;
  if (origin !== undefined) {
    if (origins.has(origin)) return undefined;
    if (origin !== `http://${host.toLowerCase().replace(/:80$/, '')}`) {
      return new AppError(
        'FORBIDDEN',
        'Pages of this Origin may not call BorgOS. To allow it, add it to BORGOS_ALLOWED_ORIGINS',
      );
    }
  }
  const site = request.headers['sec-fetch-site'];
  const allowed =
    site === undefined ||
    site === 'same-origin' ||
    // `none`: the user typed the address or followed a bookmark.
    (site === 'none' && readMethods.has(request.method));
  return allowed
    ? undefined
    : new AppError('FORBIDDEN', 'Other websites may not call BorgOS: open its own page instead');
}

/** A page can send forms and plain text anywhere without asking, but not JSON. */
function checkBody({ method, headers }: GuardedRequest): AppError | undefined {
  if (readMethods.has(method)) return undefined;
  const length = headers['content-length'];
  const isEmpty = headers['transfer-encoding'] === undefined && (length ?? '0') === '0';
  if (isEmpty || jsonType.test(headers['content-type'] ?? '')) return undefined;
  return new AppError(
    'UNSUPPORTED_MEDIA_TYPE',
    'The body must be JSON in UTF-8, sent with "Content-Type: application/json"',
  );
}

function checkCaller({ headers, peer }: GuardedRequest): AppError | undefined {
  // A wrong credential never falls back to local trust, and no right one exists.
  const isLocal = headers.authorization === undefined && isLoopback(peer) && !isForwarded(headers);
  return isLocal
    ? undefined
    : new AppError('UNAUTHORIZED', 'Invalid or missing authentication token');
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:::1$|(?:::ffff:)?127\.)/.test(address);
}

function isForwarded(headers: IncomingHttpHeaders): boolean {
  for (const name in headers) {
    if (name.startsWith('x-forwarded') || forwardingHeaders.has(name)) return true;
  }
  return false;
}
