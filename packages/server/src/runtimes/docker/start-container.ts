import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerInspectInfo, ImageInspectInfo } from 'dockerode';
import type { InstanceSpec } from '../../deployments/runtime.ts';
import { ReleaseFailure } from '../../errors.ts';
import { findFreePort } from '../free-port.ts';
import { type ContainerRequest, containerRequest, portOf } from './container-request.ts';
import { findContainer, removeContainer } from './containers.ts';
import { home as appFolder } from './dockerfile.ts';
import type { Engine } from './engine.ts';
import { reasonOf, statusOf } from './engine-errors.ts';
import { listHostPorts } from './host-ports.ts';
import { findImage } from './images.ts';
import { labels } from './labels.ts';
import { missingCommand } from './missing-command.ts';
import { ensureNetwork } from './network.ts';
import { ownVolumes } from './volume-owner.ts';
import { ensureVolumes } from './volumes.ts';

/** Against ports and names that something else takes in the same moment. */
const maximumTries = 10;
const pauseMs = 100;

/**
 * Brings the instance's container to run and returns it: adopts the one that has its name if it was
 * made from the same request, replaces it otherwise. Throws `ReleaseFailure` START_FAILED; then
 * there is no container.
 */
export async function startContainer(
  engine: Engine,
  instance: string,
  spec: InstanceSpec,
  signal: AbortSignal,
): Promise<ContainerInspectInfo> {
  const image = await findImage(engine, spec.artifact);
  if (image === undefined) {
    throw new ReleaseFailure(
      'START_FAILED',
      `The image ${spec.artifact} is no longer on this machine: deploy again to build it anew.`,
    );
  }
  refuseHiddenApp(spec);
  const port = portOf(spec.recipe.port, image.Config.ExposedPorts);
  for (let tries = 1; ; tries += 1) {
    signal.throwIfAborted();
    try {
      const hostPort = await findFreePort(await listHostPorts(engine));
      const network = await ensureNetwork(engine, instance);
      await ensureVolumes(engine, instance, spec.volumes);
      const request = containerRequest({ instance, spec, port, hostPort, network });
      const { id, created } = await adoptOrCreate(engine, instance, request);
      if (created) {
        await refuseMissingCommand(engine, id, image, spec);
        await ownVolumes(engine, id, image.Config.User, spec.volumes);
      }
      signal.throwIfAborted();
      await run(engine, id);
      return await engine.ask((docker) => docker.getContainer(id).inspect());
    } catch (error) {
      if (tries >= maximumTries || !mayPass(error)) throw startFailure(spec, error);
      await delay(pauseMs * tries);
    }
  }
}

/** There it would be filled with the first release's files, and hide those of all later ones. */
function refuseHiddenApp({ recipe, volumes }: InstanceSpec): void {
  const hiding = volumes.find(({ path }) => path === appFolder);
  if (recipe.dockerfile !== null || hiding === undefined) return;
  throw new ReleaseFailure(
    'START_FAILED',
    `The volume "${hiding.name}" lies at ${appFolder}, where the app itself is: choose a folder in it, such as ${appFolder}/data, or another one.`,
  );
}

async function refuseMissingCommand(
  engine: Engine,
  id: string,
  image: ImageInspectInfo,
  spec: InstanceSpec,
): Promise<void> {
  const command = await missingCommand(engine, id, image, spec.environment);
  if (command === null) return;
  await removeContainer(engine, id);
  throw new ReleaseFailure(
    'START_FAILED',
    `The command "${command}" is not in the image ${spec.artifact}: install it in the build, or start the app by another one.`,
  );
}

/** A container made from the request; one that is adopted may run already. */
async function adoptOrCreate(
  engine: Engine,
  instance: string,
  request: ContainerRequest,
): Promise<{ id: string; created: boolean }> {
  const existing = await findContainer(engine, request.name);
  if (existing !== undefined) {
    const found = existing.Config.Labels;
    if (found[labels.managed] !== 'true' || found[labels.instance] !== instance) {
      throw new ReleaseFailure(
        'START_FAILED',
        `A container named ${request.name} exists that this BorgOS did not make: remove it with \`docker rm\` or rename it, then try again.`,
      );
    }
    if (found[labels.specHash] === request.body.Labels?.[labels.specHash]) {
      return { id: existing.Id, created: false };
    }
    await removeContainer(engine, existing.Id);
  }
  // Apart from each other, or the client would put all, secrets too, into the address.
  const options = { name: request.name, _query: { name: request.name }, _body: request.body };
  const { id } = await engine.ask((docker) => docker.createContainer(options));
  return { id, created: true };
}

async function run(engine: Engine, id: string): Promise<void> {
  try {
    await engine.ask((docker) => docker.getContainer(id).start());
  } catch (error) {
    if (statusOf(error) === 304) return;
    // The engine leaves it behind as `created`.
    if (statusOf(error) !== null) await removeContainer(engine, id);
    throw error;
  }
}

/** What is over by the next try: a taken name or port, a container or network just removed. */
function mayPass(error: unknown): boolean {
  if (statusOf(error) === 409) return true;
  return (
    statusOf(error) !== null &&
    /port is already allocated|ports are not available|address already in use|network .* not found|No such container/i.test(
      reasonOf(error),
    )
  );
}

function startFailure(spec: InstanceSpec, error: unknown): unknown {
  if (error instanceof ReleaseFailure || statusOf(error) === null) return error;
  const reason = reasonOf(error).replace(/^.*(?:OCI|oci) runtime.*?(?=exec: )/s, '');
  return new ReleaseFailure('START_FAILED', `${spec.name} could not be started: ${reason}.`, {
    cause: error,
  });
}
