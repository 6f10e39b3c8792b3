import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import type { ExtraFile, Recipe } from '../../deployments/recipe.ts';
import type { BuildRequest } from '../../deployments/runtime.ts';
import { ReleaseFailure } from '../../errors.ts';
import { buildLimits } from '../build-limits.ts';
import { listSource } from '../source.ts';
import { chooseBaseImage, chooseRunImage } from './base-image.ts';
import { packBuildContext } from './build-context.ts';
import { removeBuildLeftovers } from './build-leftovers.ts';
import { createBuildOutput } from './build-output.ts';
import { dockerfileOf } from './dockerfile.ts';
import type { Engine } from './engine.ts';
import { ignoring, isUnreachable, reasonOf, statusOf, unavailable } from './engine-errors.ts';
import { fromImages } from './from-images.ts';
import { ensureImage, findImage, listTags } from './images.ts';
import { readProgress } from './json-lines.ts';
import { instanceLabels, labels } from './labels.ts';

/** The name of a generated Dockerfile in the build's context. */
const generatedName = 'Dockerfile.borgos';
const maximumDockerfile = 1024 * 1024;

interface Plan {
  /** Its path in the context. */
  dockerfile: string;
  extraFiles: ExtraFile[];
  images: string[];
}

/** Builds the image `borgos/<name>` and returns that name. As `Runtime.build`. */
export async function buildImage(
  engine: Engine,
  instance: string,
  request: BuildRequest,
): Promise<string> {
  const { recipe, signal, log } = request;
  signal.throwIfAborted();
  const keep = recipe.dockerfile === null ? recipe.manifests : [recipe.dockerfile];
  const { entries } = await listSource(request.source, { signal, keep });
  const plan =
    recipe.dockerfile === null
      ? await generatedPlan(engine, instance, request)
      : await ownPlan(request.source, recipe.dockerfile);
  for (const image of plan.images) await ensureImage(engine, image, log, signal);

  const image = `borgos/${request.name}`;
  const former = await findImage(engine, image);
  const context = packBuildContext({ entries, extraFiles: plan.extraFiles, signal });
  await runBuild(engine, instance, request, image, plan.dockerfile, context);
  // A build that is repeated takes over the name, and the image that had it would stay nameless.
  const built = await findImage(engine, image);
  if (built === undefined) throw new Error(`the engine built ${image} but does not have it`);
  if (former !== undefined && former.Id !== built.Id) await removeNameless(engine, former.Id);
  return image;
}

async function runBuild(
  engine: Engine,
  instance: string,
  request: BuildRequest,
  image: string,
  dockerfile: string,
  context: Readable,
): Promise<void> {
  const { signal } = request;
  const output = createBuildOutput(request.log);
  let failure: unknown = null;
  const unreadable = new AbortController();
  context.on('error', (error) => {
    failure ??= error;
    unreadable.abort();
  });
  try {
    const options = { ...buildOptions(engine, instance, request), t: image, dockerfile };
    const stream = await engine.ask(
      (docker, expired) => {
        const abortSignal = AbortSignal.any([signal, unreadable.signal, expired]);
        return docker.buildImage(context, { ...options, abortSignal });
      },
      // The answer starts with the first step, after the whole context was sent.
      { timeoutMs: 30 * 60_000, stream: true },
    );
    for await (const message of readProgress(stream)) output.add(message);
    await nameStages(engine, image, output.stages);
  } catch (error) {
    context.destroy();
    await removeBuildLeftovers(engine, instance, request.deploymentId, output);
    signal.throwIfAborted();
    throw translate(engine, failure ?? error);
  }
}

/**
 * The classic builder (version 1) keeps to the limits, BuildKit ignores them. `forcerm` removes the
 * containers of failed steps too. Without `memswap` a build could use as much swap again.
 */
function buildOptions(engine: Engine, instance: string, request: BuildRequest) {
  const { cpus, memory } = buildLimits(engine);
  const cpuperiod = 100_000;
  return {
    version: '1',
    rm: true,
    forcerm: true,
    memory,
    memswap: memory,
    cpuperiod,
    cpuquota: Math.floor(cpus * cpuperiod),
    labels: {
      ...instanceLabels(instance),
      [labels.deployment]: String(request.deploymentId),
      [labels.revision]: String(request.revision),
    },
  } as const;
}

async function generatedPlan(
  engine: Engine,
  instance: string,
  request: BuildRequest,
): Promise<Plan> {
  const { recipe } = request;
  const tags = await listTags(engine);
  const base = chooseBaseImage(recipe, tags);
  const runImage = chooseRunImage(recipe, tags)?.name ?? null;
  const text = dockerfileOf(
    recipe,
    base.name,
    { ...instanceLabels(instance), [labels.deployment]: String(request.deploymentId) },
    { runImage, tags },
  );
  request.log(`Building on ${base.name}, found by ${recipe.foundBy}\n`);
  return {
    dockerfile: generatedName,
    extraFiles: [
      ...recipe.extraFiles,
      { path: generatedName, content: text },
      // Keeps these two out of the image.
      { path: '.dockerignore', content: `${generatedName}\n.dockerignore\n` },
    ],
    images: fromImages(text),
  };
}

async function ownPlan(source: string, dockerfile: string): Promise<Plan> {
  const path = join(source, dockerfile);
  try {
    if ((await stat(path)).size > maximumDockerfile) throw new Error('it is larger than 1 MiB');
    return { dockerfile, extraFiles: [], images: fromImages(await readFile(path, 'utf8')) };
  } catch (error) {
    throw new ReleaseFailure('BUILD_FAILED', `${dockerfile} can't be read: ${reasonOf(error)}.`, {
      cause: error,
    });
  }
}

/**
 * Names what a multi-stage build leaves of its other stages: nameless, they would stay for ever,
 * and removed, the next build could not start from them.
 */
async function nameStages(engine: Engine, image: string, stages: string[]): Promise<void> {
  for (const [index, id] of stages.slice(0, -1).entries()) {
    const found = id === '' ? undefined : await findImage(engine, id);
    if (found === undefined || (found.RepoTags ?? []).length > 0) continue;
    const tag = `stage-${index + 1}`;
    await engine.ask((docker) => docker.getImage(id).tag({ repo: image, tag }));
  }
}

async function removeNameless(engine: Engine, id: string): Promise<void> {
  const found = await findImage(engine, id);
  if (found === undefined || (found.RepoTags ?? []).length > 0) return;
  // 409: in use by an instance that still runs.
  await ignoring(
    [404, 409],
    engine.ask((docker) => docker.getImage(id).remove()),
  );
}

function translate(engine: Engine, error: unknown): unknown {
  if (isUnreachable(error)) return unavailable(engine.socketPath, error);
  if (error instanceof ReleaseFailure || statusOf(error) === null) return error;
  return new ReleaseFailure('BUILD_FAILED', `The build was refused: ${reasonOf(error)}.`, {
    cause: error,
  });
}

/**
 * Removes the image and its stages. Not there: fine. What a container uses that BorgOS did not make
 * stays, with a warning: nobody's release may fail because of it.
 */
export async function removeImage(
  engine: Engine,
  image: string,
  log: Pick<Logger, 'warn'>,
): Promise<void> {
  const tags = (await listTags(engine)).filter((tag) => tag.startsWith(`${image}:`));
  for (const tag of tags) {
    const refusal = await ignoring(
      [404, 409],
      engine.ask((docker) => docker.getImage(tag).remove()),
    );
    if (refusal === 409) log.warn({ image: tag }, 'an image is in use and can not be removed');
  }
}

/** As `Runtime.preview`. */
export async function previewBuild(
  engine: Engine,
  recipe: Recipe,
): Promise<{ dockerfile: string | null; baseImage: string | null }> {
  if (recipe.dockerfile !== null) return { dockerfile: null, baseImage: null };
  const tags = await listTags(engine);
  const base = chooseBaseImage(recipe, tags);
  const runImage = chooseRunImage(recipe, tags)?.name ?? null;
  const dockerfile = dockerfileOf(recipe, base.name, {}, { runImage, tags });
  return { dockerfile, baseImage: base.name };
}
