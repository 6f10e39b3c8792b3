import { answerError, type ErrorAnswer } from './answer-error.ts';
import type { OwnAnswer } from './visitor-port.ts';

export function refuse(answer: ErrorAnswer): OwnAnswer {
  return (request, response, closing) => {
    response.on('error', () => {});
    answerError(request, response, answer, closing);
  };
}

export const unknownDomain = refuse({
  status: 404,
  code: 'DOMAIN_UNKNOWN',
  message: 'No deployment has this domain. Add it to one: POST /api/v1/deployments/{id}/domains.',
  deploymentId: null,
});

/** A client that reuses a connection for another name asks anew on one of its own (RFC 9110, 15.5.20). */
export const misdirected = refuse({
  status: 421,
  code: 'MISDIRECTED',
  message: 'The connection was made for another domain than the request asks for.',
  deploymentId: null,
});

/** What an ACME server looks for. */
export function challengeAnswer(keyAuthorization: string): OwnAnswer {
  return (_request, response, closing) => {
    response.on('error', () => {});
    response.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': Buffer.byteLength(keyAuthorization),
      ...(closing ? { Connection: 'close' } : {}),
    });
    response.end(keyAuthorization);
  };
}

/** Method and body stay as they are with a 308. */
export function redirect(location: string): OwnAnswer {
  return (_request, response, closing) => {
    response.on('error', () => {});
    response.writeHead(308, {
      Location: location,
      'Content-Length': 0,
      ...(closing ? { Connection: 'close' } : {}),
    });
    response.end();
  };
}
