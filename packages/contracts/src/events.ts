import { z } from 'zod';
import { scope } from './auth.ts';
import { deploymentStatus, failureCode } from './deployments.ts';
import { id, timestamp } from './fields.ts';
import { scan } from './scans.ts';

const named = z.object({ id, name: z.string() });

const aboutScan = z.object({ id, project_id: id });

/**
 * Everything that BorgOS tells: the event’s name on the WebSocket, and the shape of its data.
 * The same list feeds webhooks, the dashboard and the audit trail.
 */
export const events = {
  project_created: named.extend({ path: z.string() }),
  project_updated: named.extend({ changed: z.array(z.string()) }),
  project_deleted: named,
  /** Somebody, or BorgOS itself, asked for it. */
  scan_started: aboutScan.extend({ trigger: scan.shape.trigger }),
  scan_progress: aboutScan.extend({
    stage: scan.shape.stage,
    files_found: z.int(),
    files_done: z.int(),
  }),
  scan_completed: aboutScan.extend({
    health_score: z.int(),
    vibe_score: z.int(),
    eco_score: z.int(),
    lines_of_code: z.int(),
    errors_found: z.int(),
  }),
  scan_failed: aboutScan.extend({ reason: z.string() }),
  scan_cancelled: aboutScan,
  deployment_created: named.extend({ project_id: id, port: z.int(), revision: z.int() }),
  deployment_status: z.object({
    id,
    project_id: id,
    name: z.string(),
    port: z.int(),
    status: deploymentStatus,
    status_reason: z.string().nullable(),
    failure_code: failureCode.nullable(),
    stage: z.string().nullable(),
    revision: z.int(),
  }),
  deployment_deleted: named.extend({ project_id: id, port: z.int() }),
  user_created: named.extend({ scopes: z.array(scope) }),
  user_updated: named.extend({ changed: z.array(z.string()) }),
  user_deleted: named,
  /** Who logged in is the actor, too. */
  login_succeeded: named,
  /** The name is as it was given: there may be no such user. */
  login_failed: z.object({ name: z.string() }),
  session_revoked: named.extend({
    reason: z.enum(['logout', 'reuse', 'password_changed', 'scopes_changed']),
  }),
  token_created: named.extend({ scopes: z.array(scope), expires_at: timestamp.nullable() }),
  token_revoked: named,
  encryption_key_rotated: z.object({ key_id: z.string() }),
} as const;

export type EventType = keyof typeof events;
export type EventData<T extends EventType> = z.infer<(typeof events)[T]>;

/** One event, as it is kept: `seq` grows in the order in which changes were committed. */
export type AnyEvent = {
  [T in EventType]: { seq: number; type: T; data: EventData<T>; timestamp: string };
}[EventType];
