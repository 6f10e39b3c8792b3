import type { BuildOutput } from './build-output.ts';
import { removeContainer } from './containers.ts';
import type { Engine } from './engine.ts';
import { ignoring } from './engine-errors.ts';
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
export async function removeNamelessImages(engine: Engine, label: string[]): Promise<void> {
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

/** `noprune`: a parent may be a layer that others cached. A layer with a name is kept. */
async function removeLayer(engine: Engine, id: string): Promise<void> {
  const found = await findImage(engine, id);
  if (found === undefined || (found.RepoTags ?? []).length > 0) return;
  await ignoring(
    [404, 409],
    engine.ask((docker) => docker.getImage(id).remove({ noprune: true })),
  );
}

/** Removes what builds of this BorgOS left that were cut off by its end. None must run. */
export async function removeBuildLeftoversOf(engine: Engine, instance: string): Promise<void> {
  const label = [`${labels.instance}=${instance}`];
  const containers = await engine.ask((docker) =>
    docker.listContainers({ all: true, filters: { label } }),
  );
  for (const { Id, Labels } of containers) {
    // A step of a build has only what its image carries.
    const isKept = labels.generation in Labels || labels.service in Labels;
    if (!isKept) await removeContainer(engine, Id);
  }
  await removeNamelessImages(engine, label);
}
