import type { api } from '@borgos/contracts';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { Audit } from './audit.ts';

export function auditHandlers(audit: Audit): Handlers<(typeof api)['audit']> {
  return {
    list: (query) => audit.list(query),
    verify: (_, { signal }) => audit.verify(signal),
  };
}
