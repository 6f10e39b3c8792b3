import { setTimeout as sleep } from 'node:timers/promises';
import type { Runtime } from '../deployments/runtime.ts';
import type { Settings } from '../settings.ts';
import { createDockerRuntime, findDocker } from './docker/docker-runtime.ts';
import type { ServiceContainers } from './docker/service-containers.ts';
import type { OwnProcesses } from './process/own-processes.ts';
import { createProcessRuntime, type ProcessRuntimeOptions } from './process/process-runtime.ts';

export interface ChosenRuntime {
  runtime: Runtime;
  /** Why it is not Docker, when nobody asked for another: for a person who starts BorgOS. */
  missing: string | null;
}

/** For an engine that is started together with BorgOS. */
const dockerWaitMs = 15_000;

/**
 * What deployments run in: as BORGOS_RUNTIME says, or Docker when it answers, else processes. What
 * is deployed already stays where it runs (`inUse`), so `auto` follows that.
 * @throws Error when that can't be
 */
export async function chooseRuntime(
  wanted: Settings['runtime'],
  inUse: Runtime['name'] | null,
  options: ProcessRuntimeOptions & {
    processes: OwnProcesses;
    containers: Pick<ServiceContainers, 'ownsConnection'>;
  },
): Promise<ChosenRuntime> {
  if (inUse && wanted !== 'auto' && wanted !== inUse) {
    throw new Error(
      `BORGOS_RUNTIME is ${wanted}, but what is deployed runs in the runtime ${inUse}. Start BorgOS with BORGOS_RUNTIME=${inUse}, and stop or delete the deployments before changing it.`,
    );
  }
  const name = wanted === 'auto' ? inUse : wanted;
  if (name === 'process') return { runtime: await openProcesses(options), missing: null };
  const docker = await findDockerWithin(name === 'docker' ? dockerWaitMs : 0);
  if (docker.ok) {
    const runtime = await createDockerRuntime(options);
    // Agents are processes, whatever deployments run in.
    return { runtime: alsoOwning(runtime, options.processes.peers.areOwn), missing: null };
  }
  if (name === 'docker') {
    const why =
      wanted === 'docker' ? 'BORGOS_RUNTIME is docker' : 'What is deployed runs in Docker';
    throw new Error(`${why}, but ${docker.reason}`);
  }
  return { runtime: await openProcesses(options), missing: docker.reason };
}

/** An agent may be a container also where deployments are processes. */
async function openProcesses(options: Parameters<typeof chooseRuntime>[2]): Promise<Runtime> {
  return alsoOwning(await createProcessRuntime(options), options.containers.ownsConnection);
}

function alsoOwning(runtime: Runtime, owns: Runtime['ownsConnection']): Runtime {
  return {
    ...runtime,
    ownsConnection: async (connection) =>
      (await runtime.ownsConnection(connection)) || owns(connection),
  };
}

async function findDockerWithin(waitMs: number): ReturnType<typeof findDocker> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const docker = await findDocker();
    if (docker.ok || Date.now() >= deadline) return docker;
    await sleep(500);
  }
}
