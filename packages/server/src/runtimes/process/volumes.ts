import { mkdir, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { volumeVariable } from '@borgos/contracts/volumes';
import type { KeptVolume, VolumeIdentity } from '../../deployments/runtime.ts';
import { removeTree } from './remove-tree.ts';

/** What instances keep: `<home>/volumes/<deployment>/<name>`. */
export interface ProcessVolumes {
  /** Makes those that are missing, and returns the variables in which an app is told of them. */
  ensure(volumes: KeptVolume[]): Promise<Record<string, string>>;
  directoryOf(volume: VolumeIdentity): string;
  remove(volume: VolumeIdentity): Promise<void>;
}

const safeName = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

export function createProcessVolumes(home: string): ProcessVolumes {
  const volumes = resolve(home, 'volumes');

  function directoryOf({ madeFor, name }: VolumeIdentity): string {
    if (!safeName.test(name)) throw new Error(`${name} is no name of a volume`);
    return join(volumes, String(madeFor), name);
  }

  return {
    directoryOf,
    async ensure(wanted) {
      const variables: Record<string, string> = {};
      for (const volume of wanted) {
        const directory = directoryOf(volume);
        await mkdir(directory, { recursive: true, mode: 0o700 });
        variables[volumeVariable(volume.name)] = directory;
      }
      return variables;
    },
    async remove(volume) {
      await removeTree(directoryOf(volume));
      // Its other volumes may be there still.
      await rmdir(join(volumes, String(volume.madeFor))).catch(() => {});
    },
  };
}
