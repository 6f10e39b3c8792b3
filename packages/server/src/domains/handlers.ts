import type { api } from '@borgos/contracts';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { Domains } from './domains.ts';

export function domainHandlers(domains: Domains): Handlers<(typeof api)['domains']> {
  return {
    list: ({ id, ...page }) => domains.list(id, page),
    add: ({ id, domain }, { actor }) => domains.add(id, domain, actor),
    remove: async ({ id, domain }, { actor }) => {
      await domains.remove(id, domain, actor);
      return { message: `Domain ${domain} removed from deployment ${id}` };
    },
  };
}
