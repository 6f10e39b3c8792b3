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
  /** As it was sent: a path, or a whole URL. */
  target: string;
  headers: IncomingHttpHeaders;
  /** Names and values as they were sent, in turn. */
  rawHeaders: readonly string[];
}

const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];
const readMethods = new Set(['GET', 'HEAD', 'OPTIONS']);
const jsonType = /^application\/json[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/i;

/**
 * Keeps web pages out that the user happens to look at, on every route: a foreign page can send
 * requests to loopback, and by rebinding its own name to loopback even read the answers.
 * @returns a function from a request to its refusal; `undefined`: it may pass
 */
export function createGuard(rules: GuardRules): (request: GuardedRequest) => AppError | undefined {
  const hosts = new Set([
    ...loopbackNames,
    ...rules.allowedHosts.map((host) => host.toLowerCase()),
  ]);
  const origins = new Set(rules.allowedOrigins);
  return (request) => {
    const refusal = checkHost(request, hosts);
    if (refusal || isSentryIntake(request)) return refusal;
    return checkOrigin(request, origins) ?? checkBody(request);
  };
}

const sentryPath = /^\/api\/[1-9]\d{0,9}\/(?:envelope|store)\/?(?:\?|$)/;

/**
 * Whether it is for the one place to which pages of every origin may write: what they send is no
 * JSON, and they know a key that allows to log errors of one project, and nothing else.
 */
export function isSentryIntake({
  method,
  target,
}: Pick<GuardedRequest, 'method' | 'target'>): boolean {
  return (method === 'POST' || method === 'OPTIONS') && sentryPath.test(pathOf(target));
}

/** `GET http://localhost:8081/path`, as a client writes it that takes us for a proxy. */
const absoluteTarget = /^https?:\/\/([^/?#]*)/i;

/** The path of a request's target. */
export function pathOf(target: string): string {
  return target.startsWith('/') ? target : target.replace(absoluteTarget, '') || '/';
}

function checkHost(
  { headers, rawHeaders, target }: GuardedRequest,
  hosts: Set<string>,
): AppError | undefined {
  const host = headers.host?.toLowerCase() ?? '';
  const name = /^(\[[^\]]+\]|[^:]+)(?::\d{1,5})?$/.exec(host)?.[1];
  const isOurs =
    name !== undefined &&
    hosts.has(name) &&
    // Of two that differ, a proxy before us may have judged by the other one.
    !isTwice(rawHeaders) &&
    isOurTarget(target, host);
  if (isOurs) return undefined;
  return new AppError(
    'MISDIRECTED_REQUEST',
    `BorgOS does not answer to this Host. Use localhost, or add the name to BORGOS_ALLOWED_HOSTS`,
  );
}

function isOurTarget(target: string, host: string): boolean {
  if (target.startsWith('/') || target === '*') return true;
  return absoluteTarget.exec(target)?.[1]?.toLowerCase() === host;
}

function isTwice(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count > 1;
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
