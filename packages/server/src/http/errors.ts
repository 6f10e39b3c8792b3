import {
  type ErrorBody,
  type ErrorCode,
  type ErrorStatus,
  errorStatus,
  errorTitle,
} from '@borgos/contracts/errors';
import { AppError } from '../errors.ts';

/** The largest body that is read, in bytes. */
export const bodyLimit = 1024 * 1024;

const frameworkErrors: Record<string, [ErrorCode, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['PAYLOAD_TOO_LARGE', 'The body must be at most 1 MiB'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'UNSUPPORTED_MEDIA_TYPE',
    'The body must be JSON, sent with "Content-Type: application/json"',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'VALIDATION_FAILED',
    'The body is not as long as its Content-Length says',
  ],
  FST_ERR_BAD_URL: [
    'VALIDATION_FAILED',
    'The path has a "%" that is not followed by two hex digits',
  ],
  FST_ERR_MAX_PARAM_LENGTH: ['NOT_FOUND', 'No such path: one of its parts is too long'],
  // The rest of the body never came, or was not what HTTP allows.
  ECONNRESET: ['VALIDATION_FAILED', 'The connection was closed before the whole request came'],
};

/** What a caller is told of an error. */
export interface ErrorAnswer {
  status: ErrorStatus;
  body: ErrorBody;
  retryAfterSeconds: number | undefined;
  /** Nobody foresaw it: the answer hides it, so the log must tell it. */
  unexpected: boolean;
}

/** After which the database may be back. */
const retryAfterSeconds = 5;

/**
 * Turns whatever was thrown into an answer: the only place where error bodies are made.
 * @param isPassing whether the same request may succeed later, as the database is out of reach
 */
export function answerOf(
  error: unknown,
  requestId: string,
  isPassing: (error: unknown) => boolean = () => false,
): ErrorAnswer {
  const known =
    error instanceof AppError ? error : (translate(error) ?? outOfReach(error, isPassing));
  const code = known?.code ?? 'INTERNAL_ERROR';
  const status = errorStatus[code];
  const unexpected = status === 500;
  return {
    status,
    unexpected,
    retryAfterSeconds: known?.retryAfterSeconds,
    body: {
      error: errorTitle[status],
      // The cause may hold paths, queries or secrets: it belongs into the log alone.
      message: unexpected || !known ? 'An unexpected error occurred' : known.message,
      code,
      request_id: requestId,
      ...(known?.details && { details: known.details }),
    },
  };
}

function outOfReach(error: unknown, isPassing: (error: unknown) => boolean): AppError | undefined {
  if (!isPassing(error)) return undefined;
  return new AppError(
    'UNAVAILABLE',
    `The database cannot be reached. Try again in ${retryAfterSeconds} seconds`,
    { retryAfterSeconds, cause: error },
  );
}

function translate(error: unknown): AppError | undefined {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) {
    return undefined;
  }
  const translation = frameworkErrors[error.code];
  return translation && new AppError(translation[0], translation[1], { cause: error });
}
