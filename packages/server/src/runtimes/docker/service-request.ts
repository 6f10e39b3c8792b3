import type { ContainerCreateOptions } from 'dockerode';
import { instanceLabels, labels } from './labels.ts';

/** A program of BorgOS's own that runs in a container, as against what is deployed. */
export interface ServiceSpec {
  /** A word by which it is found again. */
  service: string;
  image: string;
  /** Where it listens, and the port of 127.0.0.1 that leads there. */
  port: number;
  hostPort: number;
  /** Folders of this machine, and where it sees them. */
  folders: { from: string; to: string }[];
}

/**
 * What the engine is asked to create for a service. It is not started again by the engine: BorgOS
 * does that, and tells of it.
 */
export function serviceRequest(
  instance: string,
  { service, image, port, hostPort, folders }: ServiceSpec,
): { name: string; body: ContainerCreateOptions } {
  const published = `${port}/tcp`;
  return {
    name: `borgos-${instance}-${service}`,
    body: {
      Image: image,
      ExposedPorts: { [published]: {} },
      Labels: {
        ...instanceLabels(instance),
        [labels.service]: service,
        [labels.hostPort]: String(hostPort),
      },
      HostConfig: {
        // Reaps orphans and passes signals on.
        Init: true,
        RestartPolicy: { Name: 'no' },
        // Against fork bombs; threads count too, so that it must not be tight.
        PidsLimit: 4096,
        // BorgOS copies the output away: this is what it may be behind by.
        LogConfig: { Type: 'json-file', Config: { 'max-size': '16m', 'max-file': '2' } },
        PortBindings: { [published]: [{ HostIp: '127.0.0.1', HostPort: String(hostPort) }] },
        Mounts: folders.map(({ from, to }) => ({ Type: 'bind', Source: from, Target: to })),
      },
    },
  };
}
