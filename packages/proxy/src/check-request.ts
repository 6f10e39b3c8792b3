import { type IncomingMessage, METHODS } from 'node:http';
import type { ErrorAnswer } from './answer-error.ts';
import { limits } from './limits.ts';

export interface CheckedRequest {
  /** Path and query, or `*`. */
  path: string;
  /** What the target gets as `Host`; `undefined`: the visitor named none (HTTP/1.0). */
  host: string | undefined;
  hasBody: boolean;
}

/**
 * Node's parser also takes the methods of RTSP and of Icecast, with their version for one of HTTP.
 * A tunnel is nothing that an app is asked for.
 */
const methods = new Set(METHODS.filter((method) => !['CONNECT', 'SOURCE'].includes(method)));

/** A name or an address, and perhaps a port: what everybody reads as the same host. */
const authority = /^(\[[\da-f:.]+\]|[\w.-]*)(:\d{0,5})?$/i;

/**
 * Refuses what two parsers could read as two different requests, and what is no well-formed request
 * though Node's own parser takes it. That has already refused conflicting lengths and broken chunks.
 */
export function checkRequest(
  request: IncomingMessage,
  deploymentId: number | null,
): CheckedRequest | ErrorAnswer {
  const { headers, httpVersion, method = '' } = request;
  const refused = (status: ErrorAnswer['status'], code: string, message: string): ErrorAnswer => {
    return { status, code, message, deploymentId };
  };
  const bad = (message: string) => refused(400, 'REQUEST_INVALID', message);
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    return refused(505, 'VERSION_UNKNOWN', 'Only HTTP/1.1 and HTTP/1.0 are understood.');
  }
  if (!methods.has(method)) {
    return refused(501, 'METHOD_UNKNOWN', 'The method of the request is none that is served.');
  }
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && httpVersion === '1.0') {
    return bad('A request of HTTP/1.0 cannot have a Transfer-Encoding.');
  }
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked') {
    const message = 'Of the transfer encodings only "chunked" is understood.';
    return refused(501, 'TRANSFER_ENCODING_UNKNOWN', message);
  }
  const { hosts, bytes } = measure(request);
  if (hosts > 1) return bad('The request has more than one Host header.');
  if (bytes > limits.headerBytes) {
    const message = `The headers of the request have more than ${limits.headerBytes} bytes.`;
    return refused(431, 'HEADERS_TOO_LARGE', message);
  }
  const length = headers['content-length'];
  if (Number(length) > Number.MAX_SAFE_INTEGER) return bad('No body is as long as that.');
  const url = request.url ?? '/';
  if (url.includes('#')) return bad('The request target has a fragment, which is not for servers.');
  const target = splitTarget(url, headers.host, method);
  if (!target) return bad('The request target is neither a path nor an http URL.');
  if (target.host !== undefined && !isAuthority(target.host)) {
    return bad('The Host of the request is no name or address with or without a port.');
  }
  const hasBody = coding !== undefined || (length !== undefined && !/^0+$/.test(length));
  return { ...target, hasBody };
}

function splitTarget(
  url: string,
  host: string | undefined,
  method: string,
): { path: string; host: string | undefined } | undefined {
  if (url.startsWith('/') || (url === '*' && method === 'OPTIONS')) return { path: url, host };
  // The absolute form: its authority replaces the Host header (RFC 9112, 3.2.2).
  const absolute = /^https?:\/\/([^/?@\s]+)($|[/?].*$)/i.exec(url);
  if (!absolute) return undefined;
  const [, authority = '', rest = ''] = absolute;
  return { path: rest.startsWith('/') ? rest : `/${rest}`, host: authority };
}

function isAuthority(host: string): boolean {
  const port = authority.exec(host)?.[2];
  return port === undefined ? authority.test(host) : Number(port.slice(1)) <= 65_535;
}

/** Node bounds names and values alone: without what is between them, which targets count, too. */
function measure({ url = '', rawHeaders }: IncomingMessage): { hosts: number; bytes: number } {
  let hosts = 0;
  let bytes = url.length;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    bytes += name.length + (rawHeaders[index + 1]?.length ?? 0) + ': \r\n'.length;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return { hosts, bytes };
}
