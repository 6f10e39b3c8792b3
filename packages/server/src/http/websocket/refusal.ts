import type { Duplex } from 'node:stream';
import { answerOf, type ErrorAnswer } from '../errors.ts';
import { rawAnswer } from '../raw-answer.ts';

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
  const { status, retryAfterSeconds } = answer;
  const lines = [
    'X-Content-Type-Options: nosniff',
    ...(status === 401 ? ['WWW-Authenticate: Bearer'] : []),
    ...(retryAfterSeconds === undefined ? [] : [`Retry-After: ${retryAfterSeconds}`]),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(rawAnswer(answer, requestId, lines));
  // What the client sends nevertheless must be read, or it may never see the answer.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
  socket.once('close', () => clearTimeout(timer));
  return answer;
}
