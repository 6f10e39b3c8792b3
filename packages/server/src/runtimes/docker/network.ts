import type { Engine } from './engine.ts';
import { statusOf } from './engine-errors.ts';
import { instanceLabels } from './labels.ts';

/** The network that all instances of one BorgOS are in, apart from other containers. */
function networkName(instance: string): string {
  return `borgos-${instance}`;
}

/** Creates the network unless it is there, and returns its name. */
export async function ensureNetwork(engine: Engine, instance: string): Promise<string> {
  const name = networkName(instance);
  if (await exists(engine, name)) return name;
  try {
    await engine.ask((docker) =>
      docker.createNetwork({
        Name: name,
        Driver: 'bridge',
        // Older engines would make a second network of that name.
        CheckDuplicate: true,
        Labels: instanceLabels(instance),
      }),
    );
  } catch (error) {
    if (statusOf(error) !== 409) throw error;
  }
  return name;
}

/** Removes the network. Not there, or in use: fine. */
export async function removeNetwork(engine: Engine, instance: string): Promise<void> {
  try {
    await engine.ask((docker) => docker.getNetwork(networkName(instance)).remove());
  } catch (error) {
    const status = statusOf(error);
    if (status !== 404 && status !== 403 && status !== 409) throw error;
  }
}

async function exists(engine: Engine, name: string): Promise<boolean> {
  try {
    await engine.ask((docker) => docker.getNetwork(name).inspect());
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}
