import type { api } from '@borgos/contracts';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { Webhooks } from './webhooks.ts';

export function webhookHandlers(webhooks: Webhooks): Handlers<(typeof api)['webhooks']> {
  return {
    create: (fields, { actor }) => webhooks.create(fields, actor),
    list: (query) => webhooks.list(query),
    get: ({ id }) => webhooks.get(id),
    update: ({ id, ...fields }, { actor }) => webhooks.update(id, fields, actor),
    delete: async ({ id }, { actor }) => {
      await webhooks.delete(id, actor);
      return { message: `Webhook ${id} deleted` };
    },
    test: ({ id }, { signal }) => webhooks.test(id, signal),
    rotateSecret: ({ id, ...fields }, { actor }) => webhooks.rotateSecret(id, fields, actor),
    deliveries: (query) => webhooks.deliveries(query),
    redeliver: ({ id, delivery_id }) => webhooks.redeliver(id, delivery_id),
  };
}
