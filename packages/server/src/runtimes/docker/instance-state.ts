import type { ContainerInspectInfo } from 'dockerode';
import type { Instance } from '../../deployments/runtime.ts';
import { identityOf } from './labels.ts';

/** A container as an instance; `null` when it is none of this BorgOS. */
export function instanceOf(instance: string, container: ContainerInspectInfo): Instance | null {
  const identity = identityOf(instance, container.Config.Labels);
  if (identity === null) return null;
  const { State: state } = container;
  const status = statusOf(state.Status);
  const hasAddress = status === 'running' || status === 'paused';
  const ended = status === 'exited' || status === 'restarting';
  return {
    deploymentId: identity.deploymentId,
    revision: identity.revision,
    generation: identity.generation,
    name: nameOf(container),
    state: status,
    containerId: container.Id.slice(0, 12),
    processId: null,
    address: hasAddress ? addressOf(container, identity.port) : null,
    port: identity.port,
    exitCode: ended ? state.ExitCode : null,
    outOfMemory: state.OOMKilled,
    restarts: restartsOf(container),
    startedAt: state.StartedAt.startsWith('0001-') ? null : new Date(state.StartedAt),
  };
}

function nameOf(container: ContainerInspectInfo): string {
  return container.Name.replace(/^\//, '');
}

function statusOf(status: string): Instance['state'] {
  if (status === 'created' || status === 'restarting' || status === 'paused') return status;
  return status === 'running' ? status : 'exited';
}

function addressOf(container: ContainerInspectInfo, port: number): Instance['address'] {
  const [binding] = container.NetworkSettings.Ports?.[`${port}/tcp`] ?? [];
  return binding === undefined
    ? null
    : { host: binding.HostIp || '127.0.0.1', port: Number(binding.HostPort) };
}

/** The engine counts them, but the client's types don't tell. */
function restartsOf(container: ContainerInspectInfo): number {
  if (!('RestartCount' in container)) return 0;
  return typeof container.RestartCount === 'number' ? container.RestartCount : 0;
}
