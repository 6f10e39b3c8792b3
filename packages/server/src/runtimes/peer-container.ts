import { readlinkSync } from 'node:fs';
import { z } from 'zod';
import type { Connection } from '../deployments/runtime.ts';
import { commandByPs, findOwnerByLsof } from './peer-lsof.ts';
import { createSocketOwners } from './peer-socket-owner.ts';

/**
 * Programs that make the connections of containers from here, as these are in a virtual machine or
 * a network of the user's own: Docker Desktop, OrbStack, Lima with Colima and Rancher Desktop,
 * Podman's machine, and those of rootless Docker.
 */
const carriers = [
  /\/(?:Docker|OrbStack|Rancher Desktop)\.app\//,
  /\/docker-desktop\//,
  /(?:^|\/)(?:com\.docker\.|vpnkit|OrbStack Helper|qemu-system-|slirp4netns|rootlesskit|pasta)[^/]*$/,
  /(?:^|\/)(?:limactl|gvproxy)$/,
];

/** Whether the program of that path makes connections for containers. */
export function isCarrier(program: string): boolean {
  return carriers.some((carrier) => carrier.test(program));
}

const infoSchema = z.object({
  OperatingSystem: z.string().optional(),
  SecurityOptions: z.array(z.string()).nullish(),
});

/**
 * Whether containers reach this machine through a program on it, so that their connections come
 * from loopback, by what the engine says about itself: it is in a virtual machine, as everywhere
 * but on Linux, or, as rootless Docker, in a network of the user's own.
 */
export function isApart(info: unknown, platform = process.platform): boolean {
  const { OperatingSystem = '', SecurityOptions } = infoSchema.parse(info);
  const isRootless = SecurityOptions?.some((option) => option.startsWith('name=rootless')) ?? false;
  return platform !== 'linux' || OperatingSystem.includes('Docker Desktop') || isRootless;
}

/**
 * Whether a connection over loopback comes from a container. With an engine on the same Linux that
 * can't be, as a container's come from its own address: that is known at once. Else it is also `true` when nobody
 * can be found who made the connection.
 */
export function createContainerCheck(apart: boolean): (connection: Connection) => Promise<boolean> {
  if (!apart) return async () => false;
  if (process.platform === 'linux') {
    const findOwner = createSocketOwners();
    return async (connection) => {
      const owner = await findOwner(connection);
      const program = typeof owner === 'string' ? '' : programOf(owner.pid);
      return program === '' || isCarrier(program);
    };
  }
  return async (connection) => {
    const pid = await findOwnerByLsof(connection);
    const program = pid === null ? '' : await commandByPs(pid);
    return program === '' || isCarrier(program);
  };
}

function programOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return '';
  }
}
