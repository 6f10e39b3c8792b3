import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerInspectInfo } from 'dockerode';
import type { Engine } from './engine.ts';
import { found, ignoring } from './engine-errors.ts';

export function findContainer(
  engine: Engine,
  name: string,
): Promise<ContainerInspectInfo | undefined> {
  return found(engine.ask((docker) => docker.getContainer(name).inspect()));
}

/**
 * With its anonymous volumes, running or not. Not there: fine. Waits, at most 5 s, for a removal
 * that is under way: until then its name, its port and its image are still taken.
 */
export async function removeContainer(engine: Engine, id: string): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    const refusal = await ignoring(
      [404, 409],
      engine.ask((docker) => docker.getContainer(id).remove({ force: true, v: true })),
    );
    if (refusal !== 409) return;
    await delay(100);
  }
}
