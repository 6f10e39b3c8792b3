import type { api } from '@borgos/contracts';
import type { DeploymentStatus } from '@borgos/contracts/deployments';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { Deployments } from './deployments.ts';

export function deploymentHandlers(
  deployments: Deployments,
): Handlers<(typeof api)['deployments']> {
  return {
    list: (query) => deployments.list(query),
    get: ({ id }) => deployments.get(id),
    deploy: async ({ dry_run, ...body }, call) => {
      if (dry_run) {
        call.status = 200;
        return deployments.plan(body, call.signal);
      }
      const { id, port, isNew } = await deployments.deploy(body, call.actor);
      const verb = isNew ? 'created' : 'redeployed';
      return { message: `Deployment ${verb} on port ${port}`, id };
    },
    stop: async ({ id }, { actor }) => {
      const status = await deployments.stop(id, actor);
      return answer(id, status, status === 'stopped' ? 'stopped' : 'is still stopping');
    },
    start: async ({ id }, { actor }) => {
      const status = await deployments.start(id, actor);
      return answer(id, status, status === 'running' ? 'started' : 'is still starting');
    },
    restart: async ({ id }, { actor }) => {
      const status = await deployments.restart(id, actor);
      return answer(id, status, status === 'running' ? 'restarted' : 'is still restarting');
    },
    cancel: async ({ id }, { actor }) => {
      const { status, cancelled } = await deployments.cancel(id, actor);
      return answer(id, status, afterCancel(status, cancelled));
    },
    rollback: async ({ id, revision }, { actor }) => {
      const done = await deployments.rollback(id, revision, actor);
      const what = done.status === 'running' ? 'rolled back' : 'is still being rolled back';
      return {
        ...answer(id, done.status, `${what} to revision ${done.target}`),
        revision: done.revision,
      };
    },
    revisions: ({ id, ...page }) => deployments.revisions(id, page),
    restarts: ({ id, ...page }) => deployments.restarts(id, page),
    delete: async ({ id }, { actor }) => {
      const { isGone, volumes } = await deployments.delete(id, actor);
      const what = isGone ? 'deleted' : 'is still being deleted';
      return { message: `Deployment ${id} ${what}${remaining(volumes)}`, id, volumes };
    },
    logs: ({ id, ...query }, { signal, wantsNdjson }) =>
      query.follow || wantsNdjson
        ? deployments.streamLogs(id, query, signal)
        : deployments.logs(id, query, signal),
  };
}

function answer(id: number, status: DeploymentStatus, what: string) {
  return { message: `Deployment ${id} ${what}`, id, status };
}

function remaining(volumes: { name: string }[]): string {
  if (volumes.length === 0) return '';
  return `; its volumes remain: ${volumes.map(({ name }) => name).join(', ')}`;
}

function afterCancel(status: DeploymentStatus, cancelled: boolean): string {
  if (!cancelled) return 'has no release under way: there is nothing to cancel';
  if (status === 'running')
    return 'goes on with the release that serves: the newer one is cancelled';
  return status === 'stopped' ? 'is stopped: its release is cancelled' : 'is still being cancelled';
}
