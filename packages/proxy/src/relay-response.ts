import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { headersForVisitor } from './headers.ts';
import { pump } from './pump.ts';

/**
 * Sends a target's answer on to the visitor. Throws when it cannot be sent on: Node refuses to write
 * it, or its encoding is unknown; then nothing of it has been sent.
 */
export function relayResponse(
  incoming: IncomingMessage,
  response: ServerResponse,
  closing: boolean,
): void {
  const { req: request } = response;
  const status = incoming.statusCode ?? 502;
  const coding = incoming.headers['transfer-encoding'];
  if (
    coding !== undefined &&
    (coding.toLowerCase() !== 'chunked' || incoming.httpVersion !== '1.1')
  ) {
    // Its end is not where a visitor would look for it, or its body is not what it would take it for.
    throw new Error('a transfer encoding other than chunked');
  }
  if (status < 200) throw new Error('an upgrade without the headers of one');
  const chunked =
    coding !== undefined &&
    request.httpVersion === '1.1' &&
    request.method !== 'HEAD' &&
    status !== 204 &&
    status !== 304;
  const headers = headersForVisitor(incoming, chunked);
  if (closing) headers.push('Connection', 'close');
  response.sendDate = false;
  response.writeHead(status, incoming.statusMessage, headers);

  let begun = false;
  incoming.once('data', () => {
    begun = true;
  });
  // An answer cut short must be seen as cut short: only a broken connection tells a visitor.
  incoming.on('error', () => response.destroy());
  pump(incoming, response);
  // Of a stream that has nothing to say yet the visitor gets the headers now; those of all others
  // leave in one packet with the first of the body, which is read before this callback's turn.
  process.nextTick(() => {
    if (begun || incoming.complete || response.writableEnded || response.destroyed) return;
    // Not `flushHeaders`, which writes header values as UTF-8.
    response.write('', 'latin1');
  });
}

export interface Information {
  statusCode: number;
  headers: IncomingHttpHeaders;
  rawHeaders: string[];
}

/** Sends a 1xx answer on; 100 only to who waits for it. */
export function relayInformation(
  information: Information,
  response: ServerResponse,
  awaitsContinue: boolean,
): void {
  if (response.req.httpVersion !== '1.1' || response.headersSent || response.destroyed) return;
  if (information.statusCode === 100) {
    if (awaitsContinue) response.writeContinue();
    return;
  }
  const headers = headersForVisitor(information, false).filter(
    // It has no body; whoever believed in one would wait for the answer in vain.
    (_text, index, all) => all[index & ~1]?.toLowerCase() !== 'content-length',
  );
  try {
    response.writeInformation(information.statusCode, headers);
  } catch {
    // One that Node refuses to write is left out: the answer proper is still to come.
  }
}
