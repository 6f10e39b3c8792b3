import type { ErrorCode } from '@borgos/contracts/errors';
import { answerOf } from '../http/errors.ts';
import { brief } from './brief.ts';

/** What an agent can do about it; it has nobody to ask. */
const nextSteps: Partial<Record<ErrorCode, string>> = {
  NOT_FOUND:
    'List what there is (list_projects, list_deployments, list_files) and use an id of it.',
  PORT_IN_USE: 'Leave port out to get a free one, or choose another.',
  PROJECT_PATH_MISSING: 'Read the project’s path with get_project; its directory must exist.',
  STACK_NOT_FOUND:
    'Add a Dockerfile, a Procfile or a borgos.json to the project, or name its root.',
  SCOPE_MISSING: 'Ask the person for a token with that scope; trying again does not help.',
  RATE_LIMITED: 'Wait, then try again.',
  UNAVAILABLE: 'Wait a few seconds, then try again.',
  DEPLOYMENT_FAILED: 'Read why with get_deployment and get_deployment_logs (stream: build).',
  CONFLICT: 'Read its state with get_deployment, and wait until nothing is under way.',
  PROJECT_EXISTS: 'Find it with list_projects instead of registering it again.',
  INTERNAL_ERROR: 'The cause is in the server’s log under this request id.',
};

/** An error as an agent is told of it: what, why, what next. Never more than a caller of the API sees. */
export function toolError(error: unknown, requestId: string): string {
  const { body } = answerOf(error, requestId);
  const request = body.code === 'INTERNAL_ERROR' ? ` (${requestId})` : '';
  const what = `${body.code}: ${brief(body.message)}${request}`;
  return [/[.?!]$/.test(what) ? what : `${what}.`, nextSteps[body.code]].filter(Boolean).join(' ');
}
