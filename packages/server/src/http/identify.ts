import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Caller } from '@borgos/contracts/caller';
import { localCaller, unknownCaller } from '../caller.ts';
import { isForwarded, isLoopback, plainAddress } from './peer-address.ts';

/** One end of a connection. */
interface End {
  host: string;
  port: number;
}

export interface IdentifyOptions {
  /** Whether who calls from this machine needs no credential. */
  localTrust: boolean;
  /** @throws AppError UNAUTHORIZED, RATE_LIMITED, UNAVAILABLE */
  authenticate: (
    authorization: string,
    from: { address: string; requestId: string },
  ) => Caller | Promise<Caller>;
  /** Whether a connection over loopback was made by what BorgOS runs here, not by the user. */
  isOwn: (connection: { client: End; server: End }) => Promise<boolean>;
}

const ownNeedsToken =
  'Without a credential BorgOS answers who uses this machine, and this call comes from what it runs itself: a deployment or an agent. Make an API token for that (POST /api/v1/tokens), with the scopes that it needs, and have it sent: Authorization: Bearer <token>';

export interface Unidentified {
  id: string;
  headers: IncomingHttpHeaders;
  socket: Socket;
}

/**
 * Tells who a request is from. A credential that is sent is judged, and never falls back to local
 * trust. Without one it is the local user if the socket's other end is on this machine, nothing says
 * that it was forwarded, and it is not what BorgOS itself runs; else nobody.
 */
export function createIdentify(options: IdentifyOptions) {
  const { localTrust, authenticate, isOwn } = options;
  /** Who is at the other end does not change, so it is looked for once a connection. */
  const local = new WeakMap<Socket, boolean | Promise<boolean>>();

  function isLocal(socket: Socket): boolean | Promise<boolean> {
    const known = local.get(socket);
    if (known !== undefined) return known;
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    if (!remoteAddress || !remotePort || !localAddress || !localPort) return false;
    const asked = isOwn({
      client: { host: remoteAddress, port: remotePort },
      server: { host: localAddress, port: localPort },
    }).then((own) => {
      local.set(socket, !own);
      return !own;
    });
    local.set(socket, asked);
    return asked;
  }

  return ({ id, headers, socket }: Unidentified, address: string): Caller | Promise<Caller> => {
    const { authorization } = headers;
    if (authorization !== undefined) return authenticate(authorization, { address, requestId: id });
    const peer = plainAddress(socket.remoteAddress ?? '');
    if (!localTrust || !isLoopback(peer) || isForwarded(headers)) return unknownCaller(address);
    const trusted = isLocal(socket);
    const caller = (isUser: boolean) =>
      isUser ? localCaller(address) : unknownCaller(address, ownNeedsToken);
    return typeof trusted === 'boolean' ? caller(trusted) : trusted.then(caller);
  };
}
