import { z } from 'zod';
import { defineEndpoint } from './endpoint.ts';
import { id, idParams, longId, message, printable, timestamp } from './fields.ts';
import { pageQuery } from './page.ts';
import { webhookEventNames, webhookPatterns } from './webhook-events.ts';

const url = z
  .string()
  .min(1)
  .max(2048)
  .regex(printable, 'must have no control characters')
  .meta({
    description:
      'Where to send to. Public addresses only, unless the administrator allows others in `BORGOS_WEBHOOK_ALLOW`; on a BorgOS that only this machine can reach, receivers on this machine too.',
    examples: ['https://your-app.com/webhook'],
  });

const events = z
  .array(z.enum(webhookPatterns))
  .min(1)
  .max(webhookPatterns.length)
  .transform((names) => [...new Set(names)])
  .meta({
    description: 'Which events: `*` is all, `deployment.*` all of a kind.',
    examples: [['project.created', 'deployment.failed', 'error.critical']],
  });

const secret = z.string().min(8).max(256).regex(printable, 'must have no control characters').meta({
  description:
    'Signs what is sent. One that begins with `whsec_` is base64; any other one is the key itself.',
});

const description = z.string().max(200).regex(printable, 'must have no control characters');

const deliveryStatus = z.enum(['pending', 'succeeded', 'failed', 'cancelled']).meta({
  id: 'DeliveryStatus',
  description:
    '`pending`: it is tried, or will be tried again; `failed`: no more; `cancelled`: the webhook was disabled before.',
});

export const webhook = z
  .object({
    id,
    url,
    events: z.array(z.enum(webhookPatterns)),
    description: description.nullable(),
    is_active: z.boolean().meta({ description: 'Whether anything is sent.' }),
    disabled_reason: z
      .string()
      .nullable()
      .meta({ description: 'Why BorgOS gave up on it, and what to do.' }),
    disabled_at: timestamp.nullable(),
    failing_since: timestamp
      .nullable()
      .meta({ description: 'Of the first failure after the last success.' }),
    previous_secret_until: timestamp
      .nullable()
      .meta({ description: 'Until then the former secret signs, too.' }),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'Webhook', description: 'Somebody who is told by HTTP when something happens.' });

export type Webhook = z.infer<typeof webhook>;

const withSecret = webhook
  .extend({ secret: z.string().meta({ description: 'Shown this once.' }) })
  .meta({ id: 'WebhookWithSecret' });

export type WebhookWithSecret = z.infer<typeof withSecret>;

export const delivery = z
  .object({
    id: longId,
    webhook_id: id,
    message_id: z
      .string()
      .meta({ description: 'The `webhook-id` that the receiver sees: the same at every try.' }),
    event: z.enum([...webhookEventNames, 'webhook.test']),
    status: deliveryStatus,
    attempts: z
      .array(
        z.object({
          at: timestamp,
          status: z.int().nullable().meta({ description: 'Of HTTP; `null`: no answer came.' }),
          duration_ms: z.number(),
          error: z.string().nullable().meta({ description: 'Why it was no success.' }),
        }),
      )
      .meta({ description: 'Oldest first; the last 20.' }),
    next_attempt_at: timestamp.nullable(),
    request: z.object({
      url: z.string(),
      headers: z.record(z.string(), z.string()).meta({ description: 'As sent at the last try.' }),
      body: z.string(),
    }),
    response: z
      .object({
        status: z.int(),
        headers: z.record(z.string(), z.string()),
        body: z.string().nullable().meta({ description: 'The first 4 KB.' }),
      })
      .nullable()
      .meta({ description: 'The last one.' }),
    created_at: timestamp,
    completed_at: timestamp.nullable(),
  })
  .meta({ id: 'WebhookDelivery', description: 'One event on its way to one webhook.' });

export type Delivery = z.infer<typeof delivery>;

const tag = 'Webhooks';
const deliveryParams = idParams.extend({
  delivery_id: longId.meta({ description: 'The delivery’s id.' }),
});

export const webhooks = {
  create: defineEndpoint({
    method: 'POST',
    path: '/api/v1/webhooks',
    tag,
    summary: 'Create a webhook',
    description:
      'What is sent is signed as Standard Webhooks says, and sent again until it is answered with 2xx: after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h. At least once, in no certain order; `webhook-id` tells what was sent twice.',
    scope: 'webhooks:write',
    body: z.strictObject({
      url,
      events,
      secret: secret.optional().meta({ description: 'By default BorgOS makes one.' }),
      description: description.nullish(),
    }),
    status: 201,
    response: withSecret,
    errors: ['WEBHOOK_URL_NOT_ALLOWED'],
  }),
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/webhooks',
    tag,
    summary: 'List webhooks',
    description: 'Newest first. No secret is ever shown again.',
    scope: 'webhooks:read',
    query: z.strictObject({
      ...pageQuery,
      active: z.boolean().optional().meta({ description: 'Only those that are active, or not.' }),
    }),
    status: 200,
    response: webhook,
    list: true,
    errors: [],
  }),
  get: defineEndpoint({
    method: 'GET',
    path: '/api/v1/webhooks/{id}',
    tag,
    summary: 'Read a webhook',
    description: 'Its state, and why BorgOS gave up on it, if it did.',
    scope: 'webhooks:read',
    params: idParams,
    status: 200,
    response: webhook,
    errors: ['NOT_FOUND'],
  }),
  update: defineEndpoint({
    method: 'PATCH',
    path: '/api/v1/webhooks/{id}',
    tag,
    summary: 'Change a webhook',
    description:
      'What is left out stays. Switching one on again begins anew: deliveries that were cancelled can be sent again one by one.',
    scope: 'webhooks:write',
    params: idParams,
    body: z.strictObject({
      url: url.optional(),
      events: events.optional(),
      description: description.nullish(),
      is_active: z.boolean().optional(),
    }),
    status: 200,
    response: webhook,
    errors: ['NOT_FOUND', 'WEBHOOK_URL_NOT_ALLOWED'],
  }),
  delete: defineEndpoint({
    method: 'DELETE',
    path: '/api/v1/webhooks/{id}',
    tag,
    summary: 'Delete a webhook',
    description: 'With its deliveries. What is on its way may still arrive.',
    scope: 'webhooks:write',
    params: idParams,
    status: 200,
    response: z.object({ message }),
    errors: ['NOT_FOUND'],
  }),
  test: defineEndpoint({
    method: 'POST',
    path: '/api/v1/webhooks/{id}/test',
    tag,
    summary: 'Send a test event',
    description:
      'Sends `webhook.test` at once, also to one that is disabled, waits for the answer for at most 15 seconds, and tells it. It is tried once.',
    scope: 'webhooks:write',
    params: idParams,
    status: 200,
    response: delivery,
    errors: ['NOT_FOUND'],
  }),
  rotateSecret: defineEndpoint({
    method: 'POST',
    path: '/api/v1/webhooks/{id}/rotate-secret',
    tag,
    summary: 'Replace the secret of a webhook',
    description: 'For 24 hours what is sent is signed with both, so that none is refused.',
    scope: 'webhooks:write',
    params: idParams,
    body: z.strictObject({
      secret: secret.optional().meta({ description: 'By default BorgOS makes one.' }),
    }),
    status: 200,
    response: withSecret,
    errors: ['NOT_FOUND'],
  }),
  deliveries: defineEndpoint({
    method: 'GET',
    path: '/api/v1/webhooks/{id}/deliveries',
    tag,
    summary: 'List what was sent to a webhook',
    description: 'Newest first, with request, response and the next try. Kept for 30 days.',
    scope: 'webhooks:read',
    params: idParams,
    query: z.strictObject({
      ...pageQuery,
      status: deliveryStatus.optional().meta({ description: 'Only those that are so.' }),
      event: z
        .enum([...webhookEventNames, 'webhook.test'])
        .optional()
        .meta({ description: 'Only those of this event.' }),
    }),
    status: 200,
    response: delivery,
    list: true,
    errors: ['NOT_FOUND'],
  }),
  redeliver: defineEndpoint({
    method: 'POST',
    path: '/api/v1/webhooks/{id}/deliveries/{delivery_id}/redeliver',
    tag,
    summary: 'Send something again',
    description: 'With the same `webhook-id` and body, and from the start of the schedule.',
    scope: 'webhooks:write',
    params: deliveryParams,
    status: 202,
    response: delivery,
    errors: ['NOT_FOUND', 'WEBHOOK_DISABLED'],
  }),
};
