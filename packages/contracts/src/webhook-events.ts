import { type TaskStatus, taskStatus } from './agent-tasks.ts';
import { type DeploymentStatus, deploymentStatus } from './deployments.ts';
import type { EventData, EventType } from './events.ts';

const deploymentEvents = Object.fromEntries(
  deploymentStatus.options.map((status) => [`deployment.${status}`, 'deployment_status']),
) as Record<`deployment.${DeploymentStatus}`, 'deployment_status'>;

const taskEvents = Object.fromEntries(
  taskStatus.options.map((status) => [`task.${status}`, 'task_status']),
) as Record<`task.${TaskStatus}`, 'task_status'>;

/** Events as webhooks name them, `noun.verb`, and which event of the catalogue each one is. */
export const webhookEvents = {
  'project.created': 'project_created',
  'project.updated': 'project_updated',
  'project.deleted': 'project_deleted',
  'scan.started': 'scan_started',
  'scan.completed': 'scan_completed',
  'scan.failed': 'scan_failed',
  'scan.cancelled': 'scan_cancelled',
  'deployment.created': 'deployment_created',
  'deployment.crashed': 'deployment_crashed',
  'deployment.deleted': 'deployment_deleted',
  ...deploymentEvents,
  'volume.created': 'volume_created',
  'volume.deleted': 'volume_deleted',
  'domain.added': 'domain_added',
  'domain.removed': 'domain_removed',
  'domain.certificate_issued': 'domain_certificate_issued',
  'domain.certificate_failed': 'domain_certificate_failed',
  'error.logged': 'error_logged',
  'error.new': 'error_logged',
  'error.regressed': 'error_logged',
  'error.critical': 'error_logged',
  'error.resolved': 'error_resolved',
  'error.ignored': 'error_ignored',
  'error.reopened': 'error_reopened',
  'task.created': 'task_created',
  ...taskEvents,
  'task.reviewed': 'task_reviewed',
  'task.approval_requested': 'task_approval_requested',
  'task.approval_decided': 'task_approval_decided',
  'webhook.disabled': 'webhook_disabled',
  'system.started': 'system_status',
  'system.stopping': 'system_status',
} as const satisfies Record<string, EventType>;

export type WebhookEventName = keyof typeof webhookEvents;

export const webhookEventNames = Object.keys(webhookEvents) as [
  WebhookEventName,
  ...WebhookEventName[],
];

const nouns = [...new Set(webhookEventNames.map((name) => `${nounOf(name)}.*`))];

/** What a webhook can subscribe to: everything, all of a kind, or one event. */
export const webhookPatterns = ['*', ...nouns, ...webhookEventNames] as const;

const namesByType = Map.groupBy<EventType, WebhookEventName>(
  webhookEventNames,
  (name) => webhookEvents[name],
);

/** An event of any type, with its data. */
export type Told = { [T in EventType]: { type: T; data: EventData<T> } }[EventType];

/**
 * The names under which webhooks are told of an event, the most telling one last; `[]`: no webhook
 * is told of it.
 */
export function webhookNamesOf(event: Told): WebhookEventName[] {
  switch (event.type) {
    case 'deployment_status': {
      const { status, previous_status } = event.data;
      return status === previous_status ? [] : [`deployment.${status}`];
    }
    case 'task_status':
      return [`task.${event.data.status}`];
    case 'error_logged': {
      const { is_ignored, is_new, is_regression, severity } = event.data;
      if (is_ignored) return [];
      const names: WebhookEventName[] = ['error.logged'];
      if (is_new) names.push('error.new');
      if (is_regression) names.push('error.regressed');
      if (severity === 'critical') names.push('error.critical');
      return names;
    }
    case 'system_status':
      return [`system.${event.data.status}`];
    default:
      // Each of the others has one name at most, whatever its data.
      return namesByType.get(event.type) ?? [];
  }
}

/** What a webhook may have subscribed to, to be told of an event with these names. */
export function patternsFor(names: readonly WebhookEventName[]): string[] {
  const [first] = names;
  return first ? ['*', `${nounOf(first)}.*`, ...names] : [];
}

function nounOf(name: string): string {
  return name.split('.', 1)[0] ?? name;
}
