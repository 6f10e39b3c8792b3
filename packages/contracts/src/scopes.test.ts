import { expect, test } from 'vitest';
import type { Endpoint } from './endpoint.ts';
import { api } from './index.ts';

const endpoints = Object.values(api).flatMap((resource) => Object.values<Endpoint>(resource));

/** Whose credential is in the body, or that have nothing to hide. */
const open = [
  'GET /health',
  'GET /health/ready',
  'POST /api/v1/auth/token',
  'DELETE /api/v1/auth/token',
  'PUT /api/v1/auth/password',
  'POST /api/v1/auth/setup',
];

/** Change nothing, unless their callers may and say so. */
const asks = ['/api/v1/mcp/query'];

test.each(endpoints)('$method $path says what its caller must be allowed to do', (endpoint) => {
  const { method, path, scope, queryInBody } = endpoint;
  if (open.includes(`${method} ${path}`)) expect(scope).toBeNull();
  else if (method === 'GET' || queryInBody || asks.includes(path))
    expect(scope).toMatch(/^any$|:read$/);
  else expect(scope).toMatch(/:write$/);
});
