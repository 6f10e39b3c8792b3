import type { FailureCode } from '@borgos/contracts/deployments';
import type { ErrorCode, ErrorDetail } from '@borgos/contracts/errors';

/** A refusal that a caller can act on: its code decides the status, its message is shown. */
export class AppError extends Error {
  override name = 'AppError';
  readonly code: ErrorCode;
  readonly details: ErrorDetail[] | undefined;
  /** After which the same request may succeed: the `Retry-After` of the answer. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: ErrorDetail[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.details = options.details;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

export function notFound(what: string, id: number): AppError {
  return new AppError('NOT_FOUND', `${what} with id ${id} not found`);
}

/**
 * Why a release cannot come to run. It becomes the deployment's `failure_code` and
 * `status_reason`, so the message says what happened and what the user can do.
 */
export class ReleaseFailure extends Error {
  override name = 'ReleaseFailure';
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options: { cause?: unknown } = {}) {
    super(storable(message), options);
    this.code = code;
  }
}

/** Text with output of programs in it: PostgreSQL takes neither NUL nor half characters. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
