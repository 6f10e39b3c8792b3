import type { IncomingMessage, ServerResponse } from 'node:http';

export interface ErrorAnswer {
  status: 400 | 404 | 408 | 421 | 431 | 501 | 502 | 503 | 504 | 505;
  code: string;
  /** What happened and what to do, for whoever opened the page. */
  message: string;
  /** `null`: it is about none. */
  deploymentId: number | null;
}

const titles: Record<ErrorAnswer['status'], string> = {
  400: 'Invalid request',
  404: 'Not found',
  408: 'Request timeout',
  421: 'Misdirected request',
  431: 'Request header fields too large',
  501: 'Not implemented',
  502: 'Bad gateway',
  503: 'Service unavailable',
  504: 'Gateway timeout',
  505: 'HTTP version not supported',
};

/** The proxy's own answer: a small page for browsers, JSON for everybody else. */
export function answerError(
  request: IncomingMessage,
  response: ServerResponse,
  answer: ErrorAnswer,
  closing: boolean,
): void {
  if (response.headersSent) {
    // Half an answer cannot be taken back; only a broken connection shows that it is half.
    response.destroy();
    return;
  }
  const page = request.headers.accept?.includes('text/html') === true;
  const body = page ? toPage(answer) : toJson(answer);
  // The text is named, as one that Node has refused to write may still be there.
  response.writeHead(answer.status, titles[answer.status], {
    'Content-Type': page ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...(answer.status === 503 ? { 'Retry-After': '1' } : {}),
    ...(closing ? { Connection: 'close' } : {}),
  });
  response.end(body);
}

function toJson({ status, message, code, deploymentId }: ErrorAnswer): string {
  const error = titles[status];
  return `${JSON.stringify({ error, message, code, deployment_id: deploymentId })}\n`;
}

// `message` is BorgOS's own text and never holds anything that a visitor sent.
function toPage({ status, message, code, deploymentId }: ErrorAnswer): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${titles[status]}</title>
<h1>${status} ${titles[status]}</h1><p>${message}</p>
<p><small>BorgOS${deploymentId === null ? '' : `, deployment ${deploymentId}`}, ${code}</small></p></html>
`;
}
