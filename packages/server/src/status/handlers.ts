import type { api } from '@borgos/contracts';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { Status } from './status.ts';

export function statusHandlers(status: Status): Handlers<(typeof api)['status']> {
  return {
    health: async () => ({ status: 'healthy', timestamp: new Date().toISOString() }),
    ready: async () => {
      await status.requireReady();
      return { status: 'ready', timestamp: new Date().toISOString() };
    },
    get: () => status.get(),
  };
}
