import { createHash } from 'node:crypto';
import { volumeVariable } from '@borgos/contracts/volumes';
import type { ContainerCreateOptions, MountSettings } from 'dockerode';
import { withPort } from '../../deployments/recipe.ts';
import type { InstanceSpec, KeptVolume } from '../../deployments/runtime.ts';
import { instanceLabels, labels } from './labels.ts';
import { volumeLabels } from './volumes.ts';

/** Where an app listens in its container, whose network is its own. */
const allAddresses = '0.0.0.0';

export interface ContainerRequest {
  name: string;
  body: ContainerCreateOptions;
}

/**
 * What the engine is asked to create for an instance. Only what is written here can be asked for:
 * no privileged mode, no namespace of the host, no mount but of volumes of BorgOS. `hostPort` is bound to loopback, as
 * visitors come through the proxy. It is fixed, as the engine would choose another one whenever the
 * container starts again, and the former one could then be that of another app.
 */
export function containerRequest(options: {
  instance: string;
  spec: InstanceSpec;
  port: number;
  hostPort: number;
  network: string;
}): ContainerRequest {
  const { instance, spec, port, hostPort, network } = options;
  const published = `${port}/tcp`;
  const body: ContainerCreateOptions = {
    Image: spec.artifact,
    ...(spec.recipe.start && { Cmd: withPort(spec.recipe.start, { host: allAddresses, port }) }),
    Env: environmentOf(spec, port),
    ExposedPorts: { [published]: {} },
    Labels: {
      ...instanceLabels(instance),
      [labels.deployment]: String(spec.deploymentId),
      [labels.revision]: String(spec.revision),
      [labels.generation]: String(spec.generation),
      [labels.port]: String(port),
      [labels.logFile]: spec.logFile,
    },
    HostConfig: {
      // Reaps orphans and passes signals on: without it an app without a handler ignores SIGTERM.
      Init: true,
      // So that apps come back after a reboot, even before BorgOS does.
      RestartPolicy: { Name: 'unless-stopped' },
      ...(spec.cpus === null ? {} : { NanoCpus: Math.round(spec.cpus * 1e9) }),
      // Swap is counted in: an app over its limit is to be ended, not to slow down the machine.
      ...(spec.memory === null ? {} : { Memory: spec.memory, MemorySwap: spec.memory }),
      // Against fork bombs; threads count too, so that it must not be tight.
      PidsLimit: 4096,
      // BorgOS copies the output away: this is what it may be behind by.
      LogConfig: { Type: 'json-file', Config: { 'max-size': '64m', 'max-file': '2' } },
      // Of Docker's default set, what no web app needs: device files, raw packets, file capabilities.
      CapDrop: ['MKNOD', 'NET_RAW', 'SETFCAP'],
      SecurityOpt: ['no-new-privileges'],
      NetworkMode: network,
      // Absent without any, so that what older versions started is still adopted.
      ...(spec.volumes.length > 0 && { Mounts: spec.volumes.map(mountOf(instance)) }),
    },
  };
  return {
    name: spec.name,
    body: {
      ...body,
      Labels: { ...withHash(body), [labels.hostPort]: String(hostPort) },
      HostConfig: {
        ...body.HostConfig,
        PortBindings: { [published]: [{ HostIp: '127.0.0.1', HostPort: String(hostPort) }] },
      },
    },
  };
}

/** Never a bind, which would be a folder of the machine, and no options, with which it could be. */
function mountOf(instance: string) {
  return (volume: KeptVolume): MountSettings => ({
    Type: 'volume',
    Source: volume.engineName,
    Target: volume.path,
    // If it is removed in this moment, the one that the engine makes in its place is known, too.
    VolumeOptions: {
      NoCopy: false,
      Labels: volumeLabels(instance, volume),
      DriverConfig: { Name: 'local', Options: {} },
    },
  });
}

/** BorgOS's variables win: the app must listen where it is looked for. */
function environmentOf(spec: InstanceSpec, port: number): string[] {
  const environment = {
    ...spec.environment,
    ...Object.fromEntries(spec.volumes.map(({ name, path }) => [volumeVariable(name), path])),
    PORT: String(port),
    HOST: allAddresses,
    HOSTNAME: allAddresses,
  };
  return Object.entries(environment)
    .map(([name, value]) => `${name}=${value}`)
    .sort();
}

/**
 * By the hash a container that is there already is known to be the one that is wanted. The host's
 * port has no part in it: it is chosen anew at each try.
 */
function withHash(body: ContainerCreateOptions): Record<string, string> {
  const hash = createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 16);
  return { ...body.Labels, [labels.specHash]: hash };
}

/**
 * The port to tell an app to listen on: the recipe's, unless the image exposes others and exactly
 * one TCP port, as an image on `nginx` does whose own Dockerfile has no EXPOSE.
 */
export function portOf(recipePort: number, exposed: Record<string, unknown> | undefined): number {
  const ports = Object.keys(exposed ?? {})
    .filter((port) => !port.endsWith('/udp') && !port.endsWith('/sctp'))
    .map((port) => Number.parseInt(port, 10));
  const [only] = ports;
  return ports.length === 1 && only !== undefined ? only : recipePort;
}
