const seconds = { type: 'integer', minimum: 0 } as const;

/** Every header that the document describes, by its name. */
export const headers = {
  'X-Request-Id': {
    description: 'Names this request in the server’s log.',
    schema: { type: 'string' },
    example: 'req_abc123',
  },
  'X-Total-Count': {
    description: 'How many items match in all.',
    schema: { type: 'integer', minimum: 0 },
  },
  Link: {
    description: 'The `first`, `prev`, `next` and `last` page (RFC 8288).',
    schema: { type: 'string' },
    example: '</api/v1/projects?limit=10&offset=20>; rel="next"',
  },
  'X-RateLimit-Limit': {
    description: 'How many requests a minute the caller may send in the long run.',
    schema: { type: 'integer', minimum: 1 },
    example: 60,
  },
  'X-RateLimit-Remaining': {
    description: 'How many of them are left. At 0 there may still be room for a burst.',
    schema: { type: 'integer', minimum: 0 },
    example: 45,
  },
  'X-RateLimit-Reset': {
    description: 'When all of them are left again: seconds since 1970.',
    schema: seconds,
    example: 1_782_864_000,
  },
  'Retry-After': {
    description: 'In how many seconds the request may be sent again.',
    schema: seconds,
    example: 1,
  },
  'X-Search-Incomplete': {
    description:
      'There is more than was searched: in how many projects, and how many of all files are in the indexes.',
    schema: { type: 'string' },
    example: 'projects=1; files=1200/7985',
  },
  'Idempotency-Replayed': {
    description:
      '`true`: this is the first answer to this `Idempotency-Key` again; nothing was done now.',
    schema: { type: 'string', enum: ['true'] },
  },
};

export type HeaderName = keyof typeof headers;

export const rateLimitHeaders: HeaderName[] = [
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
];

/** What every POST takes. */
export const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'A name that the caller makes up for this request, such as a UUID, and sends with each retry of it. The request is then worked on once, and each retry within 24 hours is given the first answer, with `Idempotency-Replayed: true` and the `X-Request-Id` of the request that was worked on. Refusals are kept too, but for 401, 403, 408, 429 and 5xx: after those it is worked on again. The quoted form `"…"` is the same key. Each caller has its own keys.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]([ -~]*[!-~])?$' },
  example: '3f0c2b9e-6d3a-4f5e-9a51-0c7e1d1f8b42',
};
