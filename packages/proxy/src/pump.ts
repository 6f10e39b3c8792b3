import type { IncomingMessage, OutgoingMessage } from 'node:http';
import { passableTrailers } from './headers.ts';

/**
 * Sends the body and trailers of one message as those of another, never holding more than the
 * streams' own buffers: a slow reader slows the writer. The caller handles the errors of both.
 */
export function pump(from: IncomingMessage, to: OutgoingMessage): void {
  from.on('data', (chunk: Buffer) => {
    // A body that nobody takes any more is read to its end, so that the visitor gets to read the
    // answer that it has got already.
    if (to.destroyed) return;
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  to.on('close', () => from.resume());
  from.on('end', () => {
    if (to.destroyed) return;
    const trailers = passableTrailers(from.rawTrailers);
    if (trailers.length > 0) to.addTrailers(trailers);
    to.end();
  });
}
