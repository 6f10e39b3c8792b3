import type { api } from '@borgos/contracts';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { Deployments } from '../deployments/deployments.ts';
import type { Projects } from './projects.ts';

export function projectHandlers(
  projects: Projects,
  deployments: Deployments,
): Handlers<(typeof api)['projects']> {
  return {
    list: (query) => projects.list(query),
    create: (fields) => projects.create(fields),
    get: async ({ id }) => ({
      ...(await projects.get(id)),
      deployments: (await deployments.listOfProject(id)).map(({ id, name, port, status }) => ({
        id,
        name,
        port,
        status,
      })),
    }),
    update: ({ id, ...fields }) => projects.update(id, fields),
    delete: async ({ id }) => {
      await projects.delete(id);
      return { message: `Project ${id} deleted` };
    },
  };
}
