import type { Logger } from 'pino';
import { removeImage } from './build.ts';
import { removeNamelessImages } from './build-leftovers.ts';
import type { Engine } from './engine.ts';
import { labels } from './labels.ts';

/**
 * Removes the layers that builds of this BorgOS left, and its images but `kept` and what a container
 * has. Never more: others have images, volumes and caches in the same engine. No build may run.
 */
export async function removeGarbage(
  engine: Engine,
  instance: string,
  kept: ReadonlySet<string>,
  log: Pick<Logger, 'warn'>,
): Promise<void> {
  const label = [`${labels.managed}=true`, `${labels.instance}=${instance}`];
  // They inherit the labels of their image: also those that somebody runs by hand are found.
  const containers = await engine.ask((docker) =>
    docker.listContainers({ all: true, filters: { label } }),
  );
  const used = new Set(containers.map(({ ImageID }) => ImageID));
  const images = await engine.ask((docker) =>
    docker.listImages({ filters: JSON.stringify({ label }) }),
  );
  const named = images.flatMap(({ Id, RepoTags }) =>
    (RepoTags ?? []).map((tag) => ({
      name: tag.slice(0, tag.lastIndexOf(':')),
      isUsed: used.has(Id),
    })),
  );
  const spared = new Set(named.flatMap(({ name, isUsed }) => (isUsed ? name : [])));
  for (const name of new Set(named.map(({ name }) => name))) {
    // A name of somebody's own is theirs, also on an image of ours.
    if (!name.startsWith('borgos/borgos-') || kept.has(name) || spared.has(name)) continue;
    await removeImage(engine, name, log);
  }
  await removeNamelessImages(engine, label);
}
