import type { NewError } from '@borgos/contracts/error-log';
import type { AnyEvent } from '@borgos/contracts/events';

export type CrashEvent = Extract<AnyEvent, { type: 'deployment_crashed' }>;
export type StatusEvent = Extract<AnyEvent, { type: 'deployment_status' }>;

/** Of what is in `context.source` of an error that was made of an event. */
const source = 'deployment';

/** The error that a crash is, by itself: what the app printed may tell more. */
export function errorOfCrash({ data, timestamp }: CrashEvent): NewError {
  const { id, project_id, name, revision, exit_code, out_of_memory, restarts } = data;
  const code = exit_code === null ? '' : ` with code ${exit_code}`;
  return {
    project_id,
    deployment_id: id,
    error_type: out_of_memory ? 'OutOfMemory' : 'Crash',
    severity: out_of_memory ? 'critical' : 'error',
    message: out_of_memory
      ? `${name} was killed for using more memory than its limit`
      : `${name} ended${code}`,
    context: { source, revision, exit_code, restarts },
    occurred_at: timestamp,
  };
}

/**
 * The error that a deployment has come to; `undefined`: to none, or it was told before. Whoever tells
 * of the same again tells that the status was the same before.
 */
export function errorOfStatus({ data, timestamp }: StatusEvent): NewError | undefined {
  const { id, project_id, status, previous_status, status_reason, revision } = data;
  if (status === previous_status) return undefined;
  const isCrashLoop = status === 'crash_loop';
  if (!isCrashLoop && !isFailedRelease(data)) return undefined;
  const [message, ...rest] = (status_reason ?? '').split('\n');
  const error_type = isCrashLoop ? 'CrashLoop' : (data.failure_code ?? 'INTERNAL');
  return {
    project_id,
    deployment_id: id,
    error_type,
    severity: isCrashLoop ? 'critical' : 'error',
    message: message || error_type,
    context: { source, revision, ...(rest.length > 0 && { output: rest.join('\n') }) },
    occurred_at: timestamp,
  };
}

/** Nothing serves, or what did before goes on. */
function isFailedRelease({ status, status_reason, failure_code, stage }: StatusEvent['data']) {
  if (status === 'failed') return true;
  const isSaid = status_reason?.startsWith('Revision') === true;
  return status === 'running' && failure_code !== null && stage === null && isSaid;
}
