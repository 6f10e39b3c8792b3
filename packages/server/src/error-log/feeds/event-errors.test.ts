import { describe, expect, test } from 'vitest';
import { type CrashEvent, errorOfCrash, errorOfStatus, type StatusEvent } from './event-errors.ts';

const timestamp = '2026-11-24T12:00:00.000Z';
const place = { id: 7, project_id: 3, name: 'shop' };

function crashed(data: Partial<CrashEvent['data']>) {
  const usual = { ...place, revision: 2, exit_code: 9, out_of_memory: false, restarts: 1 };
  return errorOfCrash({
    seq: 1,
    type: 'deployment_crashed',
    timestamp,
    data: { ...usual, ...data },
  });
}

function told(data: Partial<StatusEvent['data']>) {
  const usual: StatusEvent['data'] = {
    ...{ ...place, port: 8080, status: 'running', previous_status: 'starting' },
    ...{ status_reason: null, failure_code: null, stage: null, revision: 2 },
  };
  return errorOfStatus({
    seq: 1,
    type: 'deployment_status',
    timestamp,
    data: { ...usual, ...data },
  });
}

describe('the error that a crash is', () => {
  test('says what ended, and with which code', () => {
    expect(crashed({})).toEqual({
      project_id: 3,
      deployment_id: 7,
      error_type: 'Crash',
      severity: 'error',
      message: 'shop ended with code 9',
      context: { source: 'deployment', revision: 2, exit_code: 9, restarts: 1 },
      occurred_at: timestamp,
    });
    expect(crashed({ exit_code: 0 }).message).toBe('shop ended with code 0');
    expect(crashed({ exit_code: null }).message).toBe('shop ended');
  });

  test('of memory is critical', () => {
    expect(crashed({ exit_code: 137, out_of_memory: true })).toMatchObject({
      error_type: 'OutOfMemory',
      severity: 'critical',
      message: 'shop was killed for using more memory than its limit',
    });
  });
});

describe('the error that a deployment comes to', () => {
  test('is a crash loop, once', () => {
    const reason = 'The app ended more than 4 times.\nThe end of its output:\nout of luck';
    const loop = { status: 'crash_loop', failure_code: 'EXITED', status_reason: reason } as const;
    expect(told({ ...loop, previous_status: 'running' })).toMatchObject({
      error_type: 'CrashLoop',
      severity: 'critical',
      message: 'The app ended more than 4 times.',
      context: { output: 'The end of its output:\nout of luck' },
      occurred_at: timestamp,
    });
    expect(told({ ...loop, previous_status: 'crash_loop' })).toBeUndefined();
  });

  test('is a release that failed, whether or not an older one serves', () => {
    const failed = {
      status: 'failed',
      failure_code: 'BUILD_FAILED',
      status_reason: 'No.',
    } as const;
    expect(told({ ...failed, previous_status: 'building' })).toMatchObject({
      error_type: 'BUILD_FAILED',
      severity: 'error',
      message: 'No.',
      context: { source: 'deployment', revision: 2 },
    });
    expect(told({ ...failed, previous_status: 'failed' })).toBeUndefined();
    const serving = {
      failure_code: 'EXITED',
      status_reason: 'Revision 2 failed: it ended.\nRevision 1 still serves.',
    } as const;
    expect(told(serving)).toMatchObject({
      error_type: 'EXITED',
      message: 'Revision 2 failed: it ended.',
    });
    expect(told({ ...serving, previous_status: 'running' })).toBeUndefined();
  });

  test.for([
    { status: 'running' },
    { status: 'stopped', previous_status: 'stopping' },
    { status: 'stopping', previous_status: 'running' },
    { status: 'queued', previous_status: 'failed' },
    { status: 'running', failure_code: 'EXITED', status_reason: 'Revision 2 …', stage: 'undoing' },
    { status: 'unhealthy', failure_code: 'EXITED', status_reason: 'The app ended.' },
    { status: 'running', status_reason: 'The limits are not enforced: no reason' },
  ] as const)('is none when it is %o', (data) => {
    expect(told(data)).toBeUndefined();
  });
});
