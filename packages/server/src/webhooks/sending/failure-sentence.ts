import { STATUS_CODES } from 'node:http';
import { storable } from '../../errors.ts';
import { ForbiddenAddress } from '../../outbound/connector.ts';

const redirects = new Set([301, 302, 303, 307, 308]);
const longest = 500;

const closed = 'closed the connection before its answer was complete';

const network: Record<string, string> = {
  ECONNREFUSED: 'refuses connections: nothing listens there',
  EHOSTUNREACH: 'cannot be reached: there is no way to its address',
  ENETUNREACH: 'cannot be reached: there is no way to its network',
  ENETDOWN: 'cannot be reached: the network is down',
  EADDRNOTAVAIL: 'cannot be reached: its address is none that can be connected to',
  EACCES: 'cannot be reached: the system does not allow the connection',
  EPERM: 'cannot be reached: the system does not allow the connection',
  ETIMEDOUT: 'did not accept a connection in time',
  UND_ERR_CONNECT_TIMEOUT: 'did not accept a connection in time',
  ENOTFOUND: 'has a name that does not exist',
  EAI_AGAIN: 'has a name that could not be resolved: no name server answered',
  ECONNRESET: closed,
  EPIPE: closed,
  UND_ERR_SOCKET: closed,
  UND_ERR_HEADERS_OVERFLOW: 'sent more than 16 KB of headers',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'sent more or less than its Content-Length says',
};

const certificate: Record<string, string> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  CERT_REVOKED: 'its certificate is revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is signed by an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate is signed by an authority that is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is signed by an authority that is not known here, or it does not send all of the chain',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS: is its URL rather http://?',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS: is its URL rather http://?',
};

/** Why a status means that the delivery failed; `null`: it did not. */
export function statusFailure(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  const said = `The receiver answered ${status}`;
  if (redirects.has(status)) return `${said}: redirects are not followed`;
  if (status === 410) return `${said}: it wants no more webhooks`;
  const title = STATUS_CODES[status];
  return title === undefined ? said : `${said} ${title}`;
}

/** A sentence on what went wrong before the answer was whole, `status` if that had come. */
export function failureSentence(error: Error, status: number | null): string {
  if (error instanceof ForbiddenAddress) return error.message;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const trust = certificate[code];
  if (trust !== undefined) return `The receiver cannot be trusted: ${trust}`;
  if (code === 'UND_ERR_SOCKET' && error.message.startsWith('bad ')) {
    return 'The receiver answered 100 or 101, which it was not asked for';
  }
  return incomplete(network[code] ?? unusual(code, error), status);
}

export function lateSentence(timeoutMs: number, status: number | null): string {
  const seconds = timeoutMs / 1_000;
  const time = `${seconds} ${seconds === 1 ? 'second' : 'seconds'}`;
  if (status === null) return `The receiver did not answer within ${time}`;
  return incomplete(`did not finish its answer within ${time}`, status);
}

function incomplete(what: string, status: number | null): string {
  return status === null ? `The receiver ${what}` : `The receiver answered ${status}, but ${what}`;
}

function unusual(code: string, error: Error): string {
  // What undici's parser says is about its own states, and its code is missing.
  if (error.name === 'HTTPParserError') return 'did not answer in HTTP';
  const message = storable(error.message).slice(0, longest).toWellFormed();
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') return `broke off TLS: ${message}`;
  return `could not be sent to: ${message}`;
}
