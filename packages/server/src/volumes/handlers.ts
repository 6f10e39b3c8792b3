import type { api } from '@borgos/contracts';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { Volumes } from './volumes.ts';

export function volumeHandlers(volumes: Volumes): Handlers<(typeof api)['volumes']> {
  return {
    list: (query) => volumes.list(query),
    delete: async ({ id, name }, { actor }) => {
      await volumes.delete(id, name, actor);
      return { message: `Volume ${id} "${name}" deleted, with all that was in it` };
    },
  };
}
