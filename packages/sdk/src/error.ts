import type { ErrorCode, ErrorDetail } from '@borgos/contracts/errors';

/** A code of the server, or why there is no usable answer of it. */
export type BorgosErrorCode = ErrorCode | 'UNREACHABLE' | 'TIMEOUT' | 'ABORTED' | 'BAD_ANSWER';

/** A call that failed: refused by the server, or without an answer of it. */
export class BorgosError extends Error {
  override name = 'BorgosError';
  /** Of HTTP; `null` without an answer. */
  readonly status: number | null;
  readonly code: BorgosErrorCode;
  /** What to look for in the server's log; `null` without an answer. */
  readonly requestId: string | null;
  /** Each invalid field, for `VALIDATION_FAILED`. */
  readonly details: ErrorDetail[];
  /** Seconds after which the same call may succeed; `null`: the server did not say. */
  readonly retryAfter: number | null;

  constructor(
    code: BorgosErrorCode,
    message: string,
    options: {
      status?: number;
      requestId?: string | null;
      details?: ErrorDetail[];
      retryAfter?: number | null;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.status = options.status ?? null;
    this.requestId = options.requestId ?? null;
    this.details = options.details ?? [];
    this.retryAfter = options.retryAfter ?? null;
  }
}
