import { z } from 'zod';
import type { LogEntry } from './deployment-logs.ts';
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

/** A whole channel, one object of it, or the log of one: `deployments`, `deployments:7`, `deployments:7:logs`. */
export const subscription = z
  .string()
  .regex(
    new RegExp(
      `^(?:(?:${channelNames.join('|')})(?::[1-9]\\d{0,9})?|deployments:[1-9]\\d{0,9}:logs)$`,
    ),
    `must be one of ${channelNames.join(', ')}, or one object of it, as deployments:7, or what it prints, as deployments:7:logs`,
  );

/** The id of the deployment whose log a subscription is to; `undefined`: it is to events. */
export function logOf(subscription: string): number | undefined {
  const id = /^deployments:(\d+):logs$/.exec(subscription)?.[1];
  return id === undefined ? undefined : Number(id);
}

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
    /** Of the logs in `channels`: from there on; by default what is printed from now on. */
    offset: z
      .int()
      .min(0)
      .max(2 ** 50)
      .optional(),
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
  /**
   * What came between `since` and `oldest_seq` is no longer kept: read the lists anew. Of a log: what
   * is between the offsets was passed over, as the client was too slow, or it is no longer kept;
   * `GET /deployments/{id}/logs?offset=` has what is still there.
   */
  gap:
    | { since: number; oldest_seq: number }
    | { channel: string; offset: number; next_offset: number };
  /** What a deployment printed; `next_offset` is where to go on after a lost connection. */
  deployment_log: { id: number; offset: number; next_offset: number; lines: LogEntry[] };
  /** There is nothing more to come: the deployment is deleted. */
  deployment_log_end: { id: number };
  error: { code: string; message: string };
}
