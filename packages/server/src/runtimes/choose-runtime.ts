import type { Runtime } from '../deployments/runtime.ts';
import type { Settings } from '../settings.ts';
import { createDockerRuntime, findDocker } from './docker/docker-runtime.ts';
import { createProcessRuntime, type ProcessRuntimeOptions } from './process/process-runtime.ts';

export interface ChosenRuntime {
  runtime: Runtime;
  /** Why it is not Docker, when nobody asked for another: for a person who starts BorgOS. */
  missing: string | null;
}

/**
 * What deployments run in: as BORGOS_RUNTIME says, or Docker when it answers, else processes.
 * @throws Error when Docker is asked for and does not answer
 */
export async function chooseRuntime(
  wanted: Settings['runtime'],
  options: ProcessRuntimeOptions,
): Promise<ChosenRuntime> {
  if (wanted === 'process') return { runtime: await createProcessRuntime(options), missing: null };
  const docker = await findDocker();
  if (docker.ok) return { runtime: await createDockerRuntime(options), missing: null };
  if (wanted === 'docker') {
    throw new Error(`BORGOS_RUNTIME is docker, but ${docker.reason}`);
  }
  return { runtime: await createProcessRuntime(options), missing: docker.reason };
}
