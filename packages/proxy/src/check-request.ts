import type { IncomingMessage } from 'node:http';
import type { ErrorAnswer } from './answer-error.ts';

export interface CheckedRequest {
  /** Path and query, or `*`. */
  path: string;
  /** What the target gets as `Host`; `undefined`: the visitor named none (HTTP/1.0). */
  host: string | undefined;
  hasBody: boolean;
}

/**
 * Refuses what two parsers could read as two different requests. Node's own parser has already
 * refused conflicting lengths and broken chunks.
 */
export function checkRequest(
  request: IncomingMessage,
  deploymentId: number | null,
): CheckedRequest | ErrorAnswer {
  const { headers, rawHeaders, httpVersion } = request;
  const bad = (message: string): ErrorAnswer => {
    return { status: 400, code: 'REQUEST_INVALID', message, deploymentId };
  };
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && httpVersion === '1.0') {
    return bad('A request of HTTP/1.0 cannot have a Transfer-Encoding.');
  }
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked') {
    const message = 'Of the transfer encodings only "chunked" is understood.';
    return { status: 501, code: 'TRANSFER_ENCODING_UNKNOWN', message, deploymentId };
  }
  if (countHosts(rawHeaders) > 1) return bad('The request has more than one Host header.');
  const length = headers['content-length'];
  const hasBody = coding !== undefined || (length !== undefined && !/^0+$/.test(length));
  const url = request.url ?? '/';
  if (url.startsWith('/') || url === '*') return { path: url, host: headers.host, hasBody };
  // The absolute form: its authority replaces the Host header (RFC 9112, 3.2.2).
  const absolute = /^https?:\/\/([^/?#@\s]+)($|[/?#].*$)/i.exec(url);
  if (!absolute) return bad('The request target is neither a path nor an http URL.');
  const [, host = '', rest = ''] = absolute;
  return { path: rest.startsWith('/') ? rest : `/${rest}`, host, hasBody };
}

function countHosts(rawHeaders: string[]): number {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === 'host') hosts += 1;
  }
  return hosts;
}
