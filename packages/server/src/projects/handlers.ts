import type { api } from '@borgos/contracts';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { Deployments } from '../deployments/deployments.ts';
import type { Search } from '../search/search.ts';
import type { Projects } from './projects.ts';

export function projectHandlers(
  projects: Projects,
  deployments: Deployments,
  search: Pick<Search, 'indexState'>,
): Handlers<(typeof api)['projects']> {
  return {
    list: (query) => projects.list(query),
    create: (fields, { actor }) => projects.create(fields, actor),
    get: async ({ id }) => ({
      ...(await projects.get(id)),
      deployments: (await deployments.listOfProject(id)).map(({ id, name, port, status }) => ({
        id,
        name,
        port,
        status,
      })),
      index: search.indexState(id),
    }),
    update: ({ id, ...fields }, { actor }) => projects.update(id, fields, actor),
    delete: async ({ id }, { actor }) => {
      await projects.delete(id, actor);
      return { message: `Project ${id} deleted` };
    },
  };
}
