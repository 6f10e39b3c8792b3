import type { ErrorAnswer } from './answer-error.ts';
import { limits } from './limits.ts';
import { errorCode } from './refusal.ts';

const hint = 'Its status and logs in BorgOS tell more.';

export function notServed(deploymentId: number): ErrorAnswer {
  const message = `Deployment ${deploymentId} serves nothing right now. Try again in a moment.`;
  return { status: 503, code: 'NOT_SERVED', message, deploymentId };
}

export function answerTimeout(deploymentId: number): ErrorAnswer {
  const message = `Deployment ${deploymentId} took the request but did not answer in time. ${hint}`;
  return { status: 504, code: 'ANSWER_TIMEOUT', message, deploymentId };
}

export function answerInvalid(deploymentId: number): ErrorAnswer {
  const message = `Deployment ${deploymentId} sent an answer that is not valid HTTP. ${hint}`;
  return { status: 502, code: 'ANSWER_INVALID', message, deploymentId };
}

export function bodyStalled(deploymentId: number): ErrorAnswer {
  const message = 'The body of the request stopped coming.';
  return { status: 408, code: 'BODY_STALLED', message, deploymentId };
}

/** Why no answer came. `connected`: whether the target had taken the connection. */
export function targetFailure(error: Error, connected: boolean, deploymentId: number): ErrorAnswer {
  const code = errorCode(error);
  if (code.startsWith('HPE_')) return answerInvalid(deploymentId);
  const what = connected
    ? 'closed the connection before it answered'
    : code === 'ECONNREFUSED'
      ? 'refuses connections'
      : code === 'ETIMEDOUT'
        ? `accepts no connection within ${limits.connectMs / 1000} s`
        : `cannot be reached (${code})`;
  return {
    status: 502,
    code: connected ? 'CONNECTION_LOST' : 'UNREACHABLE',
    message: `Deployment ${deploymentId} ${what}. ${hint}`,
    deploymentId,
  };
}
