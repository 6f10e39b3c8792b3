import { z } from 'zod';
import type { Scope } from './endpoint.ts';

/** What a client of the WebSocket can subscribe to, and what it must be allowed to read for that. */
export const channelScope = {
  projects: 'projects:read',
  scans: 'projects:read',
  deployments: 'deployments:read',
  errors: 'errors:read',
  tasks: 'agents:read',
  agents: 'agents:read',
  system: 'any',
} as const satisfies Record<string, Scope | 'any'>;

export type Channel = keyof typeof channelScope;

export const channelNames = Object.keys(channelScope) as Channel[];

/** A whole channel, or one object of it: `deployments`, `deployments:7`. */
export const subscription = z
  .string()
  .regex(
    new RegExp(`^(?:${channelNames.join('|')})(?::[1-9]\\d{0,9})?$`),
    `must be one of ${channelNames.join(', ')}, or one object of it, as deployments:7`,
  );

/** How many a connection may have at once. */
export const mostSubscriptions = 100;

const channels = z.array(subscription).min(1).max(mostSubscriptions);

/** What a client may send. `request_id`, if given, comes back in the answer. */
export const clientMessage = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('subscribe'),
    channels,
    /** Tells first what came after this `seq`. */
    since: z.int().min(0).optional(),
    request_id: z.union([z.string().max(100), z.int()]).optional(),
  }),
  z.strictObject({
    type: z.literal('unsubscribe'),
    /** All of them, if left out. */
    channels: channels.optional(),
    request_id: z.union([z.string().max(100), z.int()]).optional(),
  }),
  z.strictObject({
    type: z.literal('ping'),
    request_id: z.union([z.string().max(100), z.int()]).optional(),
  }),
]);

export type ClientMessage = z.infer<typeof clientMessage>;

/** What the server sends besides events; each has a `timestamp`, and a `request_id` if it answers one. */
export interface ServerMessages {
  /** `seq` is that of the newest event: what comes later will be told. */
  subscribed: { channels: string[]; seq: number; oldest_seq: number };
  unsubscribed: { channels: string[] };
  pong: { seq: number };
  /** What came between `since` and `oldest_seq` is no longer kept: read the lists anew. */
  gap: { since: number; oldest_seq: number };
  error: { code: string; message: string };
}
