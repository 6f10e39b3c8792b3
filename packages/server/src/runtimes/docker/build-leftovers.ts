import { setTimeout as delay } from 'node:timers/promises';
import type { BuildOutput } from './build-output.ts';
import type { Engine } from './engine.ts';
import { statusOf } from './engine-errors.ts';
import { findImage } from './images.ts';
import { labels } from './labels.ts';

/**
 * Removes the containers and layers of a build that failed or was aborted: those it named in its
 * output, and those that carry the deployment's labels, which a generated Dockerfile sets first.
 * Not for use while another build of the same deployment runs.
 */
export async function removeBuildLeftovers(
  engine: Engine,
  instance: string,
  deploymentId: number,
  output: Pick<BuildOutput, 'containers' | 'images'>,
): Promise<void> {
  for (const id of output.containers) await removeContainer(engine, id);
  for (const id of output.images.toReversed()) await removeLayer(engine, id);
  await removeNamelessImages(engine, [
    `${labels.instance}=${instance}`,
    `${labels.deployment}=${deploymentId}`,
  ]);
}

/** Removes the images with these labels that have no name, no child and no container. */
async function removeNamelessImages(engine: Engine, label: string[]): Promise<void> {
  const images = await engine.ask((docker) =>
    docker.listImages({ filters: JSON.stringify({ dangling: ['true'], label }) }),
  );
  for (const { Id } of images) {
    // Its nameless parents go with it.
    await ignoring(
      [404, 409],
      engine.ask((docker) => docker.getImage(Id).remove()),
    );
  }
}

async function removeContainer(engine: Engine, id: string): Promise<void> {
  const remove = () =>
    ignoring(
      [404, 409],
      engine.ask((docker) => docker.getContainer(id).remove({ force: true, v: true })),
    );
  // 409: the engine is removing it already. Its image can't go before it is gone.
  for (let tries = 0; tries < 50; tries += 1) {
    if ((await remove()) !== 409) return;
    await delay(100);
  }
}

/** `noprune`: a parent may be a layer that others cached. A layer with a name is kept. */
async function removeLayer(engine: Engine, id: string): Promise<void> {
  const found = await findImage(engine, id);
  if (found === undefined || (found.RepoTags ?? []).length > 0) return;
  await ignoring(
    [404, 409],
    engine.ask((docker) => docker.getImage(id).remove({ noprune: true })),
  );
}

/** Returns the status among `statuses` that the engine answered with; `null`: it succeeded. */
async function ignoring(statuses: number[], call: Promise<unknown>): Promise<number | null> {
  try {
    await call;
    return null;
  } catch (error) {
    const status = statusOf(error);
    if (status === null || !statuses.includes(status)) throw error;
    return status;
  }
}

/** Removes what builds of this BorgOS left that were cut off by its end. None must run. */
export async function removeBuildLeftoversOf(engine: Engine, instance: string): Promise<void> {
  const label = [`${labels.instance}=${instance}`];
  const containers = await engine.ask((docker) =>
    docker.listContainers({ all: true, filters: { label } }),
  );
  for (const { Id, Labels } of containers) {
    // An instance has a generation; a step of a build has only what its image carries.
    if (Labels[labels.generation] === undefined) await removeContainer(engine, Id);
  }
  await removeNamelessImages(engine, label);
}
