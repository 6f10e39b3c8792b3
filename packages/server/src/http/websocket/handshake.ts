import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { AppError } from '../../errors.ts';
import type { Verdict } from '../admission.ts';
import { pathOf } from '../guard.ts';
import type { HttpServer } from '../server.ts';
import type { ConnectionOrigin } from './connection.ts';
import { refuseUpgrade } from './refusal.ts';

export const path = '/ws';
/** The largest message that is read, in bytes. */
const messageLimit = 16 * 1024;
/** How long the other side may take to close, before it is cut. */
const closeTimeoutMs = 2000;
const protocol = 'borgos';
const bearerProtocol = 'borgos.bearer.';

/**
 * Answers requests to upgrade: through the same admission as every other, or an error in JSON.
 * @param refusal why no connection can be opened now; `undefined`: it can
 */
export function acceptUpgrades({
  http,
  ready,
  refusal,
  onOpen,
}: {
  http: HttpServer;
  /** Awaited before each is opened. */
  ready: () => Promise<void>;
  refusal: () => AppError | undefined;
  onOpen: (ws: WebSocket, socket: Socket, origin: ConnectionOrigin) => void;
}): void {
  const { log } = http;
  const options = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: messageLimit,
    autoPong: false,
    closeTimeout: closeTimeoutMs,
    handleProtocols: (offered: Set<string>) => offered.has(protocol) && protocol,
  };
  const upgrader = new WebSocketServer(options);
  upgrader.on('wsClientError', (error, socket, { headers }) => {
    const message = `${error.message}: connect with a WebSocket client of RFC 6455, version 13`;
    answer(socket, new AppError('VALIDATION_FAILED', message), {
      ...(headers['sec-websocket-version'] !== '13' && { 'Sec-WebSocket-Version': '13' }),
    });
  });

  function answer(
    socket: Duplex,
    refusal: unknown,
    headers?: Record<string, string>,
    id = http.nextRequestId(),
  ): void {
    const { status, unexpected, body } = refuseUpgrade(socket, refusal, id, headers);
    const fields = { request_id: id, status, code: body.code };
    if (unexpected) log.error({ ...fields, err: refusal }, 'an upgrade failed');
    else log.info(fields, 'an upgrade was refused');
  }

  async function upgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const id = http.nextRequestId();
    const offer = readOffer(request);
    const { method = '', url: target = '/', rawHeaders } = request;
    const headers = offer.authorization
      ? { ...request.headers, authorization: offer.authorization }
      : request.headers;
    let verdict: Verdict;
    try {
      verdict = await http.admit({ id, method, target, headers, rawHeaders, socket }, 'any');
      const problem = verdict.refusal ?? whereElse(target) ?? offer.problem;
      if (problem) return answer(socket, problem, verdict.headers ?? {}, id);
      await ready();
    } catch (error) {
      return answer(socket, error, {}, id);
    }
    // Nobody else comes in between this and the opening.
    const problem = refusal();
    if (problem) return answer(socket, problem, {}, id);
    const { authorization = null } = headers;
    const origin = { caller: verdict.caller, authorization, requestId: id };
    upgrader.handleUpgrade(request, socket, head, (ws) => {
      socket.off('error', destroyIt);
      onOpen(ws, socket, origin);
    });
  }

  http.server.on('upgrade', (request, socket, head) => {
    socket.on('error', destroyIt);
    // An HTTP server's connections are sockets.
    void upgrade(request, socket as Socket, head);
  });
}

/** A browser cannot send the header, so a token may come among the protocols that it offers. */
function readOffer({ headers }: IncomingMessage): {
  authorization?: string;
  problem?: AppError;
} {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const tokens = offered.filter((name) => name.startsWith(bearerProtocol));
  if (tokens.length === 0) return {};
  const problem = (message: string) => ({ problem: new AppError('VALIDATION_FAILED', message) });
  if (tokens.length > 1 || headers.authorization !== undefined) {
    return problem('More than one credential was sent: send one');
  }
  const authorization = `Bearer ${tokens[0]?.slice(bearerProtocol.length)}`;
  // It is the one that is picked: a browser takes none as a refusal, and the token is not echoed.
  if (offered.includes(protocol)) return { authorization };
  return { authorization, ...problem(`Offer the protocol "${protocol}" beside the token`) };
}

function whereElse(target: string): AppError | undefined {
  const [asked = ''] = pathOf(target).split('?', 1);
  if (asked === path) return undefined;
  return new AppError('NOT_FOUND', `There is no WebSocket at ${asked}: connect to ${path}`);
}

function destroyIt(this: Duplex): void {
  this.destroy();
}
