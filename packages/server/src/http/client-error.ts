import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { AppError } from '../errors.ts';
import { answerOf } from './errors.ts';
import { rawAnswer } from './raw-answer.ts';

/**
 * Answers what is no HTTP request, so that no route ever sees it: on the bare socket, which is
 * closed then, because where the next request would start is not known.
 */
export function answerClientError(
  error: Error & { code?: string },
  socket: Socket,
  requestId: string,
  log: Logger,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const answer = answerOf(asAppError(error), requestId);
  const { status, body } = answer;
  log.info({ request_id: requestId, status, code: body.code, reason: error.code }, 'not HTTP');
  socket.end(rawAnswer(answer, requestId));
  // A peer that keeps its side open must not keep the socket.
  socket.setTimeout(1000, () => socket.destroy());
}

function asAppError(error: Error & { code?: string }): AppError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return new AppError(
        'HEADERS_TOO_LARGE',
        'The request line and headers must be at most 16 KiB',
      );
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AppError('REQUEST_TIMEOUT', 'The request did not arrive in time: send it at once');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new AppError('PAYLOAD_TOO_LARGE', 'The chunk extensions are too long');
    default:
      return new AppError('VALIDATION_FAILED', `This is not an HTTP request: ${error.message}`);
  }
}
