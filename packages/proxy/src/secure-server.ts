import { constants } from 'node:crypto';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { SecureContext } from 'node:tls';
import { limits } from './limits.ts';

/** Calls back with what to show a visitor of that name; without a context the handshake fails. */
export type ChooseCertificate = (
  serverName: string,
  done: (error: Error | null, context?: SecureContext) => void,
) => void;

/** Loaded only when it is needed: a proxy without TLS starts sooner and is smaller. */
export function createSecureServer(options: ServerOptions, choose: ChooseCertificate): Server {
  return createServer({
    ...options,
    SNICallback: choose,
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    // A session of TLS 1.2 that is resumed does not tell for which domain it is. Without any, a new
    // connection costs one signature more.
    secureOptions: constants.SSL_OP_NO_TICKET,
    handshakeTimeout: limits.handshakeMs,
  });
}
