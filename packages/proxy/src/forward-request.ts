import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { answerError, type ErrorAnswer } from './answer-error.ts';
import { type CheckedRequest, checkRequest } from './check-request.ts';
import { answerInvalid, answerTimeout, bodyStalled, notServed, targetFailure } from './failures.ts';
import { headersForTarget } from './headers.ts';
import { limits } from './limits.ts';
import { type OpenedRequest, openRequest } from './open-request.ts';
import { pump } from './pump.ts';
import { relayInformation, relayResponse } from './relay-response.ts';
import type { Visit } from './site.ts';

/** May be sent twice with the effect of once (RFC 9110, 9.2.2). */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * Answers one request of a visitor from the site's target, or with an error of the proxy's own.
 * A request without a body is sent a second time, to the target of that moment, when the first one
 * got no connection or met a kept connection that the target was just closing.
 */
export function forwardRequest(
  request: IncomingMessage,
  response: ServerResponse,
  visit: Visit,
): void {
  const { deploymentId, counts } = visit.site;
  const begun = counts.begin();
  const checked = checkRequest(request, deploymentId);
  const awaitsContinue = request.headers.expect !== undefined;
  const asksTarget = awaitsContinue && isAscii(request.rawHeaders);
  let continued = false;
  let leave = () => {};
  let current: ClientRequest | undefined;
  let timer: NodeJS.Timeout | undefined;

  // A visitor that was never told to go on may leave its body out: what follows on the connection
  // could be taken for either, so it ends with the answer.
  // So it does behind a refused request, whose end another parser may see elsewhere.
  const closes = () => visit.isClosing() || 'status' in checked || (awaitsContinue && !continued);
  const fail = (answer: ErrorAnswer) => {
    clearTimeout(timer);
    if (!response.headersSent && !response.destroyed) counts.failByProxy();
    answerError(request, response, answer, closes());
  };
  request.on('error', () => {});
  response.on('error', () => {});
  response.once('close', () => {
    clearTimeout(timer);
    if (!response.headersSent) counts.abort();
    // Whatever the target is still busy with, nobody waits for it.
    if (current && !(response.writableFinished && current.writableFinished)) current.destroy();
    leave();
  });

  if ('status' in checked) fail(checked);
  else send(checked, true);

  function send(checked: CheckedRequest, first: boolean): void {
    const opened = open(checked, first);
    if (!opened) {
      fail(notServed(deploymentId));
      return;
    }
    const { outgoing, wasConnected } = opened;
    current = outgoing;
    outgoing.on('information', (information) => {
      if (information.statusCode === 100) continued = true;
      relayInformation(information, response, awaitsContinue);
    });
    outgoing.on('response', (incoming) => {
      clearTimeout(timer);
      if (checked.hasBody) request.socket.setTimeout(0);
      try {
        relayResponse(incoming, response, closes());
        counts.answer(response.statusCode, begun);
      } catch {
        fail(answerInvalid(deploymentId));
        outgoing.destroy();
      }
    });
    outgoing.on('error', (error) => {
      if (response.headersSent || response.destroyed) return;
      const stale = outgoing.reusedSocket && idempotent.has(request.method ?? '');
      if (first && !checked.hasBody && (stale || !wasConnected())) {
        clearTimeout(timer);
        leave();
        send(checked, false);
      } else {
        fail(targetFailure(error, wasConnected(), deploymentId));
      }
    });
    outgoing.on('close', () => {
      // It also ends without an error: after a 101 that nobody asked for.
      const answered = response.headersSent || response.destroyed;
      if (outgoing === current && !answered) fail(answerInvalid(deploymentId));
    });
    if (awaitsContinue && !asksTarget) {
      continued = true;
      response.writeContinue();
    }
    if (checked.hasBody) {
      sendBody(outgoing);
    } else {
      outgoing.end();
      awaitAnswer();
    }
  }

  function open({ path, host }: CheckedRequest, first: boolean): OpenedRequest | undefined {
    const upstream = visit.isClosing() ? null : visit.site.upstream();
    if (!upstream) return undefined;
    leave = upstream.enter(() => response.destroy());
    return openRequest(upstream, {
      method: request.method,
      path,
      headers: headersForTarget(request, visit.site, host ?? 'localhost', {
        expect: asksTarget,
      }),
      // The other kept connections may be as stale as the one that failed.
      agent: first ? upstream.agent : false,
    });
  }

  function sendBody(outgoing: ClientRequest): void {
    pump(request, outgoing);
    outgoing.once('finish', awaitAnswer);
    request.once('timeout', () => {
      if (!response.headersSent) fail(bodyStalled(deploymentId));
      current?.destroy();
    });
    request.socket.setTimeout(limits.bodyIdleMs);
  }

  function awaitAnswer(): void {
    if (response.headersSent || response.destroyed) return;
    request.socket.setTimeout(0);
    timer = setTimeout(() => {
      fail(answerTimeout(deploymentId));
      current?.destroy();
    }, limits.answerMs);
  }
}

/** Node sends the headers of a request with `Expect` as UTF-8, so others have to go without it. */
function isAscii(rawHeaders: string[]): boolean {
  return rawHeaders.every((text) => !/[\x80-\xff]/.test(text));
}
