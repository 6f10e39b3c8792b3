import type { api } from '@borgos/contracts';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { ErrorLog } from './error-log.ts';

export function errorHandlers(errors: ErrorLog): Handlers<(typeof api)['errors']> {
  return {
    create: async ({ items }) => {
      const ids = await errors.log(items);
      const what = ids.length === 1 ? 'Error' : `${ids.length} errors`;
      return { message: `${what} logged successfully`, ids };
    },
    list: (query) => errors.list(query),
    get: ({ id }) => errors.get(id),
    dsn: ({ id }) => errors.keys.get(id),
    rotateDsn: ({ id }, { actor }) => errors.keys.rotate(id, actor),
  };
}

export function errorGroupHandlers({ groups }: ErrorLog): Handlers<(typeof api)['errorGroups']> {
  return {
    list: (query) => groups.list(query),
    get: ({ id }) => groups.get(id),
    resolve: ({ id }, { actor }) => groups.resolve(id, actor),
    ignore: ({ id, until }, { actor }) => groups.ignore(id, until ?? null, actor),
    reopen: ({ id }, { actor }) => groups.reopen(id, actor),
  };
}
