import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { answerOf, type ErrorAnswer } from '../errors.ts';

/** How long who was refused may keep its side open. */
const lingerMs = 1000;

/** Answers a request to upgrade, which has no response object, on its bare socket, and closes that. */
export function refuseUpgrade(
  socket: Duplex,
  refusal: unknown,
  requestId: string,
  headers: Record<string, string> = {},
): ErrorAnswer {
  const answer = answerOf(refusal, requestId);
  const { status, body, retryAfterSeconds } = answer;
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    `X-Request-Id: ${requestId}`,
    'X-Content-Type-Options: nosniff',
    ...(status === 401 ? ['WWW-Authenticate: Bearer'] : []),
    ...(retryAfterSeconds === undefined ? [] : [`Retry-After: ${retryAfterSeconds}`]),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
  // What the client sends nevertheless must be read, or it may never see the answer.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
  socket.once('close', () => clearTimeout(timer));
  return answer;
}
