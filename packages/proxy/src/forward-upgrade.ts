import { type ClientRequest, type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { answerError, type ErrorAnswer } from './answer-error.ts';
import { type CheckedRequest, checkRequest } from './check-request.ts';
import { answerInvalid, answerTimeout, notServed, targetFailure } from './failures.ts';
import { headersForTarget, headersForVisitor } from './headers.ts';
import { limits } from './limits.ts';
import { openRequest } from './open-request.ts';
import { relayResponse } from './relay-response.ts';
import type { Visit } from './site.ts';

/**
 * Carries a WebSocket or another upgraded protocol: once the target has agreed, bytes go both ways
 * untouched until a side ends. It is in flight for as long. `early`: what the visitor sent right
 * behind its request.
 */
export function forwardUpgrade(request: IncomingMessage, early: Buffer, visit: Visit): void {
  const { deploymentId, counts } = visit.site;
  const begun = counts.begin();
  const visitor = request.socket;
  let leave = () => {};
  let current: ClientRequest | undefined;
  let response: ServerResponse | undefined;
  let joined = false;
  const timer = setTimeout(() => fail(answerTimeout(deploymentId)), limits.answerMs);
  const ahead = holdBack(visitor, early);
  visitor.on('error', () => {});
  visitor.once('close', () => {
    clearTimeout(timer);
    if (!joined && !response?.headersSent) counts.abort();
    current?.destroy();
    leave();
  });

  const checked = checkRequest(request, deploymentId);
  if ('status' in checked) fail(checked);
  else send(checked, true);

  function fail(answer: ErrorAnswer): void {
    if (response || visitor.destroyed) return;
    counts.failByProxy();
    answerError(request, ordinaryResponse(), answer, true);
  }

  /** Node gives none for an upgrade; what is not upgraded is answered like any other request. */
  function ordinaryResponse(): ServerResponse {
    clearTimeout(timer);
    response = new ServerResponse(request);
    response.on('error', () => visitor.destroy());
    response.once('finish', () => visitor.destroySoon());
    response.assignSocket(visitor);
    return response;
  }

  function send(checked: CheckedRequest, first: boolean): void {
    const upstream = visit.isClosing() ? null : visit.site.upstream();
    if (!upstream) {
      fail(notServed(deploymentId));
      return;
    }
    const { path, host = 'localhost' } = checked;
    leave = upstream.enter(() => visitor.destroy());
    const { outgoing, wasConnected } = openRequest(upstream, {
      method: request.method,
      path,
      headers: headersForTarget(request, visit.site, host, {
        upgrade: request.headers.upgrade,
        expect: false,
      }),
      agent: false,
    });
    current = outgoing;
    outgoing.on('upgrade', (incoming, _target, late) => {
      joined = true;
      clearTimeout(timer);
      counts.upgrade();
      join(incoming, visitor, ahead(), late);
    });
    outgoing.on('response', (incoming) => {
      const ordinary = ordinaryResponse();
      try {
        relayResponse(incoming, ordinary, true);
        counts.answer(ordinary.statusCode, begun);
      } catch {
        counts.failByProxy();
        answerError(request, ordinary, answerInvalid(deploymentId), true);
        outgoing.destroy();
      }
    });
    outgoing.on('error', (error) => {
      if (first && !wasConnected() && !visitor.destroyed) {
        leave();
        send(checked, false);
      } else {
        fail(targetFailure(error, wasConnected(), deploymentId));
      }
    });
    outgoing.on('close', () => {
      if (outgoing === current && !joined) fail(answerInvalid(deploymentId));
    });
    outgoing.end();
  }
}

/**
 * Reads what a visitor sends before it is answered, as only a connection that is read tells that its
 * other end has left: then it is closed. Returns what gives up holding it back, with what has come.
 */
function holdBack(visitor: Socket, early: Buffer): () => Buffer {
  const held = [early];
  let bytes = early.length;
  const hold = (chunk: Buffer) => {
    held.push(chunk);
    bytes += chunk.length;
    // The rest waits in the kernel.
    if (bytes >= limits.aheadBytes) visitor.pause();
  };
  const leave = () => visitor.destroy();
  visitor.on('data', hold).once('end', leave);
  return () => {
    visitor.pause().off('data', hold).off('end', leave);
    return Buffer.concat(held);
  };
}

function join(incoming: IncomingMessage, visitor: Socket, early: Buffer, late: Buffer): void {
  const target = incoming.socket;
  const head = [`HTTP/1.1 101 ${incoming.statusMessage || 'Switching Protocols'}`];
  const headers = headersForVisitor(incoming, false);
  for (let index = 0; index < headers.length; index += 2) {
    head.push(`${headers[index]}: ${headers[index + 1]}`);
  }
  head.push('Connection: Upgrade', `Upgrade: ${incoming.headers.upgrade ?? ''}`, '', '');
  visitor.write(head.join('\r\n'), 'latin1');
  if (late.length > 0) visitor.write(late);
  if (early.length > 0) target.write(early);

  target.on('error', () => visitor.destroy());
  target.once('close', () => visitor.destroySoon());
  visitor.once('close', () => target.destroy());
  for (const side of [visitor, target]) {
    side.setNoDelay(true);
    side.setKeepAlive(true, limits.tcpKeepAliveMs);
    side.setTimeout(0);
    side.once('end', () => {
      // One side may end first, but not leave the other one hanging for ever.
      for (const other of [visitor, target]) {
        other.setTimeout(limits.halfClosedMs, () => other.destroy());
      }
    });
  }
  visitor.pipe(target);
  target.pipe(visitor);
}
