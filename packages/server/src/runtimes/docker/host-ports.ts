import type { ContainerInfo } from 'dockerode';
import type { Engine } from './engine.ts';
import { labels } from './labels.ts';

/**
 * The ports of this machine that containers have: those that are published now, and those that
 * instances of any BorgOS come back to when they are started again, which nothing may take meanwhile.
 */
export async function listHostPorts(engine: Engine): Promise<Set<number>> {
  const containers = await engine.ask((docker) => docker.listContainers({ all: true }));
  return new Set(containers.flatMap(portsOf));
}

/** Engines that only speak like Docker leave out what is empty, against the types. */
function portsOf(container: Partial<ContainerInfo>): number[] {
  const kept = container.Labels?.[labels.hostPort];
  const published = (container.Ports ?? []).map(({ PublicPort }) => PublicPort);
  return [...published, kept].filter((port) => port !== undefined).map(Number);
}
