import { setTimeout as sleep } from 'node:timers/promises';
import type { Runtime } from '../deployments/runtime.ts';
import type { Settings } from '../settings.ts';
import { createDockerRuntime, findDocker } from './docker/docker-runtime.ts';
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
  options: ProcessRuntimeOptions & { processes: OwnProcesses },
): Promise<ChosenRuntime> {
  if (inUse && wanted !== 'auto' && wanted !== inUse) {
    throw new Error(
      `BORGOS_RUNTIME is ${wanted}, but what is deployed runs in the runtime ${inUse}. Start BorgOS with BORGOS_RUNTIME=${inUse}, and stop or delete the deployments before changing it.`,
    );
  }
  const name = wanted === 'auto' ? inUse : wanted;
  if (name === 'process') return { runtime: await createProcessRuntime(options), missing: null };
  const docker = await findDockerWithin(name === 'docker' ? dockerWaitMs : 0);
  if (docker.ok) {
    const runtime = await createDockerRuntime(options);
    const { ownsConnection } = runtime;
    const { peers } = options.processes;
    return {
      runtime: {
        ...runtime,
        // Agents are processes, whatever deployments run in.
        ownsConnection: async (connection) =>
          (await ownsConnection(connection)) || peers.areOwn(connection),
      },
      missing: null,
    };
  }
  if (name === 'docker') {
    const why =
      wanted === 'docker' ? 'BORGOS_RUNTIME is docker' : 'What is deployed runs in Docker';
    throw new Error(`${why}, but ${docker.reason}`);
  }
  return { runtime: await createProcessRuntime(options), missing: docker.reason };
}

async function findDockerWithin(waitMs: number): ReturnType<typeof findDocker> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const docker = await findDocker();
    if (docker.ok || Date.now() >= deadline) return docker;
    await sleep(500);
  }
}
