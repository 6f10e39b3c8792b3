import { z } from 'zod';
import { approvalKind, approvalStatus } from './agent-approvals.ts';
import { taskEventType, taskFailure, taskStatus } from './agent-tasks.ts';
import { scope } from './auth.ts';
import type { Channel } from './channels.ts';
import { deploymentStatus, failureCode } from './deployments.ts';
import { severity } from './error-log.ts';
import { id, longId, timestamp } from './fields.ts';
import { scan } from './scans.ts';

const named = z.object({ id, name: z.string() });

const aboutScan = z.object({ id, project_id: id });

const aboutIndex = z.object({ project_id: id, files_done: z.int(), files_total: z.int() });

const aboutGroup = z.object({
  group_id: id,
  project_id: id.nullable(),
  title: z.string().meta({ description: 'What the group is recognised by.' }),
});

const aboutVolume = named.extend({
  project_id: id.nullable(),
  deployment_id: id.nullable(),
  deployment_name: z.string(),
});

/** `id` is the deployment’s. */
const aboutDomain = z.object({ id, domain: z.string() });

const aboutTask = z.object({
  id,
  project_id: id.nullable(),
  agent_type: z.string(),
  /** Of the schedule that made it. */
  schedule_id: id.nullable(),
});

const aboutMcpTool = z.object({
  /** Of its server. */
  id,
  name: z.string().meta({ description: 'As agents call it.' }),
  hash: z.string().nullable(),
});

const aboutWebhook = z.object({ id, url: z.string() });

/**
 * Everything that BorgOS tells: the event’s name on the WebSocket, and the shape of its data.
 * The same list feeds webhooks, the dashboard and the audit trail.
 */
export const events = {
  project_created: named.extend({ path: z.string() }),
  project_updated: named.extend({ changed: z.array(z.string()) }),
  project_deleted: named,
  /** Its errors are reported with another DSN from now on. */
  project_dsn_rotated: named,
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
  /** Its code is being read to be searched. */
  index_progress: aboutIndex,
  /** What has changed can be searched. */
  index_completed: aboutIndex.extend({ bytes: z.int() }),
  /** It is tried again by itself. */
  index_failed: z.object({ project_id: id, reason: z.string() }),
  deployment_created: named.extend({ project_id: id, port: z.int(), revision: z.int() }),
  deployment_status: z.object({
    id,
    project_id: id,
    name: z.string(),
    port: z.int(),
    status: deploymentStatus,
    /** The same as `status` when something else has changed, as the stage of a build. */
    previous_status: deploymentStatus.optional(),
    status_reason: z.string().nullable(),
    failure_code: failureCode.nullable(),
    stage: z.string().nullable(),
    revision: z.int(),
  }),
  /** Its app ended by itself; it is being started again, unless it has done so too often. */
  deployment_crashed: named.extend({
    project_id: id,
    revision: z.int(),
    exit_code: z.int().nullable(),
    out_of_memory: z.boolean(),
    restarts: z.int(),
  }),
  deployment_deleted: named.extend({ project_id: id, port: z.int() }),
  volume_created: aboutVolume,
  /** With all that was in it. */
  volume_deleted: aboutVolume,
  domain_added: aboutDomain,
  domain_removed: aboutDomain,
  /** The first one, or one in place of one that would have expired. */
  domain_certificate_issued: aboutDomain.extend({ issuer: z.string(), not_after: timestamp }),
  /** An attempt to get one; there will be others. */
  domain_certificate_failed: aboutDomain.extend({ reason: z.string(), next_attempt_at: timestamp }),
  error_logged: aboutGroup.extend({
    id: longId,
    deployment_id: id.nullable(),
    error_type: z.string(),
    severity,
    /** At most 1,000 characters of it. */
    message: z.string(),
    /** Nothing like it was logged before. */
    is_new: z.boolean(),
    /** It was resolved, and is back. */
    is_regression: z.boolean(),
    /** Somebody has asked not to be told of this group: no webhook is. */
    is_ignored: z.boolean(),
  }),
  error_resolved: aboutGroup,
  error_ignored: aboutGroup.extend({ until: timestamp.nullable() }),
  error_reopened: aboutGroup,
  task_created: aboutTask.extend({
    task_type: z.string(),
    description: z.string(),
    priority: z.int(),
  }),
  task_status: aboutTask.extend({
    status: taskStatus,
    previous_status: taskStatus,
    attempt: z.int(),
    error_code: taskFailure.nullable(),
    /** At most 1,000 characters of it. */
    error_message: z.string().nullable(),
  }),
  /** There are new events of it, up to `last_seq`; told at most once a second. */
  task_progress: aboutTask.extend({
    attempt: z.int(),
    last_seq: z.int(),
    /** Of the newest of them. */
    type: taskEventType,
    /** At most 500 characters, to show what it does. */
    text: z.string(),
  }),
  /** What it has changed was approved or rejected. */
  task_reviewed: aboutTask.extend({
    decision: z.enum(['approved', 'rejected']),
    branch: z.string().nullable(),
    commit: z.string().nullable(),
    merged_into: z.string().nullable(),
  }),
  /** An agent waits for an answer: `POST /api/v1/agent/approvals/{approval_id}`. */
  task_approval_requested: aboutTask.extend({
    approval_id: id,
    title: z.string(),
    kind: approvalKind,
    expires_at: timestamp,
  }),
  task_approval_decided: aboutTask.extend({
    approval_id: id,
    title: z.string(),
    status: approvalStatus,
  }),
  /**
   * `starting`, `started`, `stopped`, `failed`: of Agent Zero, whoever did it; `failed` also when it has
   * ended by itself, after which it is `started` again unless the reason says otherwise. `working`: the
   * first task of an agent runs; `idle`: none does any more.
   */
  agent_status: z.object({
    agent_type: z.string(),
    status: z.enum(['starting', 'started', 'stopped', 'failed', 'working', 'idle']),
    /** Why it failed. At most 1,000 characters. */
    reason: z.string().nullable(),
    /** The one that has begun or ended. */
    task_id: id.nullable(),
    /** These two: of Agent Zero. */
    port: z.int().nullable(),
    process_id: z.int().nullable(),
  }),
  schedule_created: named,
  schedule_updated: named.extend({ changed: z.array(z.string()) }),
  schedule_deleted: named,
  mcp_server_added: named.extend({ transport: z.enum(['stdio', 'http']) }),
  mcp_server_updated: named.extend({ changed: z.array(z.string()) }),
  mcp_server_removed: named,
  /** Somebody has switched it, or has said whether it only reads. */
  mcp_tool_updated: aboutMcpTool.extend({ is_enabled: z.boolean(), is_read_only: z.boolean() }),
  /** Its server says something else of it than was approved: it is off. */
  mcp_tool_changed: aboutMcpTool,
  webhook_created: aboutWebhook.extend({ events: z.array(z.string()) }),
  webhook_updated: aboutWebhook.extend({ changed: z.array(z.string()) }),
  webhook_deleted: aboutWebhook,
  /** BorgOS gave up on it. */
  webhook_disabled: aboutWebhook.extend({ reason: z.string() }),
  webhook_secret_rotated: aboutWebhook,
  system_status: z.object({ status: z.enum(['started', 'stopping']), version: z.string() }),
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

/**
 * On which channel of the WebSocket an event is told, and which field of its data is the number
 * after the colon, as in `deployments:7`. `null`: it is for the audit trail alone.
 */
export const eventPlace: Record<EventType, { channel: Channel; object: string | null } | null> = {
  project_created: { channel: 'projects', object: 'id' },
  project_updated: { channel: 'projects', object: 'id' },
  project_deleted: { channel: 'projects', object: 'id' },
  project_dsn_rotated: null,
  scan_started: { channel: 'scans', object: 'id' },
  scan_progress: { channel: 'scans', object: 'id' },
  scan_completed: { channel: 'scans', object: 'id' },
  scan_failed: { channel: 'scans', object: 'id' },
  scan_cancelled: { channel: 'scans', object: 'id' },
  index_progress: { channel: 'projects', object: 'project_id' },
  index_completed: { channel: 'projects', object: 'project_id' },
  index_failed: { channel: 'projects', object: 'project_id' },
  deployment_created: { channel: 'deployments', object: 'id' },
  deployment_status: { channel: 'deployments', object: 'id' },
  deployment_crashed: { channel: 'deployments', object: 'id' },
  deployment_deleted: { channel: 'deployments', object: 'id' },
  volume_created: { channel: 'deployments', object: 'deployment_id' },
  volume_deleted: { channel: 'deployments', object: 'deployment_id' },
  domain_added: { channel: 'deployments', object: 'id' },
  domain_removed: { channel: 'deployments', object: 'id' },
  domain_certificate_issued: { channel: 'deployments', object: 'id' },
  domain_certificate_failed: { channel: 'deployments', object: 'id' },
  error_logged: { channel: 'errors', object: 'group_id' },
  error_resolved: { channel: 'errors', object: 'group_id' },
  error_ignored: { channel: 'errors', object: 'group_id' },
  error_reopened: { channel: 'errors', object: 'group_id' },
  task_created: { channel: 'tasks', object: 'id' },
  task_status: { channel: 'tasks', object: 'id' },
  task_progress: { channel: 'tasks', object: 'id' },
  task_reviewed: { channel: 'tasks', object: 'id' },
  task_approval_requested: { channel: 'tasks', object: 'id' },
  task_approval_decided: { channel: 'tasks', object: 'id' },
  agent_status: { channel: 'agents', object: null },
  schedule_created: null,
  schedule_updated: null,
  schedule_deleted: null,
  mcp_server_added: null,
  mcp_server_updated: null,
  mcp_server_removed: null,
  mcp_tool_updated: null,
  mcp_tool_changed: { channel: 'system', object: null },
  webhook_created: null,
  webhook_updated: null,
  webhook_deleted: null,
  webhook_disabled: { channel: 'system', object: null },
  webhook_secret_rotated: null,
  system_status: { channel: 'system', object: null },
  user_created: null,
  user_updated: null,
  user_deleted: null,
  login_succeeded: null,
  login_failed: null,
  session_revoked: null,
  token_created: null,
  token_revoked: null,
  encryption_key_rotated: null,
};
