import { STATUS_CODES } from 'node:http';
import type { ErrorAnswer } from './errors.ts';

/**
 * The bytes of an error answer, for a socket that has no response object. The connection ends with it.
 * @param headers whole lines, besides those that every such answer has
 */
export function rawAnswer(
  { status, body }: ErrorAnswer,
  requestId: string,
  headers: readonly string[] = [],
): string {
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    `X-Request-Id: ${requestId}`,
    ...headers,
    'Connection: close',
  ];
  return `${lines.join('\r\n')}\r\n\r\n${text}`;
}
