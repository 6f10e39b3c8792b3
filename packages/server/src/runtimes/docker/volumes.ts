import type { VolumeInspectInfo } from 'dockerode';
import type { VolumeIdentity } from '../../deployments/runtime.ts';
import { ReleaseFailure } from '../../errors.ts';
import type { Engine } from './engine.ts';
import { found, ignoring } from './engine-errors.ts';
import { instanceLabels, labels } from './labels.ts';

/** What a volume of BorgOS carries. */
export function volumeLabels(instance: string, volume: VolumeIdentity): Record<string, string> {
  return {
    ...instanceLabels(instance),
    [labels.deployment]: String(volume.madeFor),
    [labels.volume]: volume.name,
  };
}

/**
 * Creates the volumes that are missing. Throws `ReleaseFailure` START_FAILED for one of that name
 * that this BorgOS did not make.
 */
export async function ensureVolumes(
  engine: Engine,
  instance: string,
  volumes: VolumeIdentity[],
): Promise<void> {
  for (const volume of volumes) {
    const existing = await findVolume(engine, volume);
    if (existing === undefined) {
      await engine.ask((docker) =>
        // No options: with those of the driver it could be any directory of the machine.
        docker.createVolume({
          Name: volume.engineName,
          Driver: 'local',
          Labels: volumeLabels(instance, volume),
        }),
      );
    } else if (!isOwn(instance, existing)) {
      throw new ReleaseFailure(
        'START_FAILED',
        `A volume named ${volume.engineName} exists that this BorgOS did not make: remove it with \`docker volume rm\`, then deploy again.`,
      );
    }
  }
}

/** As `Runtime.removeVolume`. */
export async function removeVolume(
  engine: Engine,
  instance: string,
  volume: VolumeIdentity,
): Promise<boolean> {
  const existing = await findVolume(engine, volume);
  if (existing === undefined) return true;
  if (!isOwn(instance, existing)) return false;
  const refusal = await ignoring(
    [404, 409],
    engine.ask((docker) => docker.getVolume(volume.engineName).remove()),
  );
  return refusal !== 409;
}

/** As `Runtime.locateVolumes`: an engine in a virtual machine has directories of its own. */
export async function locateVolumes(
  engine: Engine,
  volumes: VolumeIdentity[],
): Promise<Map<string, string | null>> {
  const label = [`${labels.managed}=true`, labels.volume];
  const { Volumes } = await engine.ask((docker) =>
    docker.listVolumes({ filters: JSON.stringify({ label }) }),
  );
  const places = new Map((Volumes ?? []).map(({ Name, Mountpoint }) => [Name, Mountpoint]));
  return new Map(volumes.map(({ engineName }) => [engineName, places.get(engineName) ?? null]));
}

function findVolume(
  engine: Engine,
  { engineName }: VolumeIdentity,
): Promise<VolumeInspectInfo | undefined> {
  return found(engine.ask((docker) => docker.getVolume(engineName).inspect()));
}

/** One with options may be somebody's directory, whatever its labels say. */
function isOwn(instance: string, { Labels, Driver, Options }: VolumeInspectInfo): boolean {
  const isPlain = Driver === 'local' && Object.keys(Options ?? {}).length === 0;
  return isPlain && Labels?.[labels.managed] === 'true' && Labels[labels.instance] === instance;
}
