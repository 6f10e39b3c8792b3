import type { Engine } from './engine.ts';
import { found, ignoring } from './engine-errors.ts';
import { instanceLabels } from './labels.ts';

/** The network that all instances of one BorgOS are in, apart from other containers. */
function networkName(instance: string): string {
  return `borgos-${instance}`;
}

/** Creates the network unless it is there, and returns its name. */
export async function ensureNetwork(engine: Engine, instance: string): Promise<string> {
  const name = networkName(instance);
  const existing = await found(engine.ask((docker) => docker.getNetwork(name).inspect()));
  if (existing !== undefined) return name;
  await ignoring(
    [409],
    engine.ask((docker) =>
      docker.createNetwork({
        Name: name,
        Driver: 'bridge',
        // Older engines would make a second network of that name.
        CheckDuplicate: true,
        Labels: instanceLabels(instance),
      }),
    ),
  );
  return name;
}

/** Removes the network. Not there, or in use: fine. */
export async function removeNetwork(engine: Engine, instance: string): Promise<void> {
  await ignoring(
    [403, 404, 409],
    engine.ask((docker) => docker.getNetwork(networkName(instance)).remove()),
  );
}
