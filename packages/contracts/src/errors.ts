import { z } from 'zod';

/**
 * Every code an error body can carry, with the HTTP status it is sent with. The list is closed:
 * a client may switch over it. Codes are added, never renamed.
 */
export const errorStatus = {
  VALIDATION_FAILED: 400,
  INVALID_JSON: 400,
  PORT_IN_USE: 400,
  PROJECT_PATH_MISSING: 400,
  PROJECT_PATH_NOT_ALLOWED: 400,
  ZENITH_PATH_MISSING: 400,
  WEBHOOK_URL_NOT_ALLOWED: 400,
  LIMIT_UNAVAILABLE: 400,
  STACK_NOT_FOUND: 400,
  AGENT_UNKNOWN: 400,
  PERMISSIONS_UNSUPPORTED: 400,
  BUDGET_UNSUPPORTED: 400,
  PRICE_UNKNOWN: 400,
  PROJECT_NOT_A_REPOSITORY: 400,
  AGENT_ZERO_NOT_CONFIGURED: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  SCOPE_MISSING: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  PROJECT_EXISTS: 409,
  PROJECT_HAS_DEPLOYMENTS: 409,
  DEPLOYMENT_EXISTS: 409,
  DEPLOYMENT_FAILED: 409,
  DOMAIN_IN_USE: 409,
  USER_EXISTS: 409,
  LAST_ADMINISTRATOR: 409,
  ALREADY_SET_UP: 409,
  WEBHOOK_DISABLED: 409,
  AGENT_ZERO_FAILED: 409,
  IDEMPOTENCY_KEY_IN_USE: 409,
  OUTCOME_UNKNOWN: 409,
  CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  MISDIRECTED_REQUEST: 421,
  UNPROCESSABLE: 422,
  DOMAINS_OFF: 422,
  IDEMPOTENCY_KEY_REUSED: 422,
  RATE_LIMITED: 429,
  HEADERS_TOO_LARGE: 431,
  INTERNAL_ERROR: 500,
  UNAVAILABLE: 503,
} as const;

export type ErrorCode = keyof typeof errorStatus;
export type ErrorStatus = (typeof errorStatus)[ErrorCode];

/** The `error` field: fixed by the status, so that a reader of logs needs no table. */
export const errorTitle: Record<ErrorStatus, string> = {
  400: 'Invalid request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request timeout',
  409: 'Conflict',
  413: 'Payload too large',
  415: 'Unsupported media type',
  421: 'Misdirected request',
  422: 'Unprocessable',
  429: 'Too many requests',
  431: 'Request header fields too large',
  500: 'Internal server error',
  503: 'Service unavailable',
};

export const errorDetail = z
  .object({
    path: z
      .string()
      .meta({ description: 'Where in the input, as `body.environment.A=B` or `query.limit`.' }),
    message: z.string().meta({ description: 'What is wrong there, and what would be right.' }),
  })
  .meta({ id: 'ErrorDetail', description: 'One thing that is wrong with the input.' });

export type ErrorDetail = z.infer<typeof errorDetail>;

export const errorBody = z
  .object({
    error: z.string().meta({ description: 'The title of the status.', examples: ['Not found'] }),
    message: z.string().meta({
      description: 'What happened and what to do about it, for a person.',
      examples: ['Project with id 99 not found'],
    }),
    code: z
      .enum(Object.keys(errorStatus) as [ErrorCode, ...ErrorCode[]])
      .meta({ description: 'What happened, for a program: one of a closed list.' }),
    request_id: z.string().meta({
      description: 'The same as in the `X-Request-Id` header and in the server’s log.',
      examples: ['req_abc123'],
    }),
    details: z
      .array(errorDetail)
      .optional()
      .meta({ description: 'Each invalid field; only with `VALIDATION_FAILED`.' }),
  })
  .meta({ id: 'Error', description: 'The body of every answer that is not 2xx.' });

export type ErrorBody = z.infer<typeof errorBody>;
