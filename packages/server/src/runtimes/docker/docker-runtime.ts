import type { ContainerInspectInfo } from 'dockerode';
import type { Logger } from 'pino';
import type { AppLogs } from '../../app-log/app-logs.ts';
import type { Instance, Runtime } from '../../deployments/runtime.ts';
import { createContainerCheck, isApart } from '../peer-container.ts';
import { buildImage, previewBuild, removeImage } from './build.ts';
import { removeBuildLeftoversOf } from './build-leftovers.ts';
import { type ContainerEvent, watchContainers } from './container-events.ts';
import { createContainerLogs } from './container-logs.ts';
import { usageOf } from './container-usage.ts';
import { findContainer, removeContainer } from './containers.ts';
import { findDocker, openEngine } from './engine.ts';
import { ignoring } from './engine-errors.ts';
import { removeGarbage } from './garbage.ts';
import { findImage } from './images.ts';
import { instanceOf } from './instance-state.ts';
import { identityOf, labels } from './labels.ts';
import { listenersOf } from './listening-sockets.ts';
import { removeNetwork } from './network.ts';
import { startContainer } from './start-container.ts';
import { locateVolumes, removeVolume } from './volumes.ts';

export { findDocker };

/**
 * Runs deployments as containers of a Docker Engine, each in the network `borgos-<instance>` with
 * its port published on a loopback port that it keeps over restarts. `instance` is a short id of
 * this BORGOS_HOME, by which its containers and images are told from those of others. Throws
 * `ReleaseFailure` RUNTIME_UNAVAILABLE when no engine answers.
 */
export async function createDockerRuntime(options: {
  instance: string;
  logs: AppLogs;
  log: Pick<Logger, 'warn'>;
  /** By default the usual places are tried. */
  socketPath?: string;
}): Promise<Runtime> {
  const { instance, log } = options;
  const engine = await openEngine(options.socketPath);
  // What a killed BorgOS left of a build: there is none running now.
  await removeBuildLeftoversOf(engine, instance);
  const logs = createContainerLogs({ engine, logs: options.logs, log });
  const callbacks: ((name: string) => void)[] = [];
  // By container: the engine forgets the code of the last end as soon as it starts it again.
  const exitCodes = new Map<string, number>();
  const events = watchContainers({ engine, instance, onEvent });

  function onEvent({ action, id, name, labels, exitCode }: ContainerEvent): void {
    const identity = identityOf(instance, labels);
    if (action === 'start' && identity) logs.follow(id, identity);
    else if (exitCode !== null) exitCodes.set(id, exitCode);
    // A start matters, too: what was found exited must not count as down until the next look.
    for (const callback of callbacks) callback(name);
  }

  /** The container as an instance; follows its output if it prints any. */
  function observe(container: ContainerInspectInfo): Instance | undefined {
    const found = instanceOf(instance, container) ?? undefined;
    const identity = identityOf(instance, container.Config.Labels);
    if (identity !== null && found?.state === 'running') {
      logs.follow(container.Id, identity);
    }
    if (found?.state === 'running' && found.restarts > 0) {
      return { ...found, exitCode: exitCodes.get(container.Id) ?? null };
    }
    return found;
  }

  /** Only a container of this BorgOS is touched, whatever its name. */
  async function findOwn(name: string): Promise<ContainerInspectInfo | undefined> {
    const container = await findContainer(engine, name);
    if (container === undefined) return undefined;
    return instanceOf(instance, container) === null ? undefined : container;
  }

  async function list(): Promise<Instance[]> {
    const label = [`${labels.instance}=${instance}`, labels.generation];
    const containers = await engine.ask((docker) =>
      docker.listContainers({ all: true, filters: { label } }),
    );
    const instances: Instance[] = [];
    // One after the other: the engine takes a few milliseconds each, and its lock for it.
    for (const { Id } of containers) {
      const container = await findContainer(engine, Id);
      const found = container === undefined ? undefined : observe(container);
      if (found !== undefined) instances.push(found);
    }
    return instances;
  }

  async function stop(name: string, graceMs: number): Promise<void> {
    const container = await findOwn(name);
    if (container === undefined) return;
    const seconds = Math.ceil(graceMs / 1000);
    // 304: it had stopped already.
    await ignoring(
      [304, 404],
      engine.ask((docker) => docker.getContainer(container.Id).stop({ t: seconds }), {
        timeoutMs: graceMs + 60_000,
      }),
    );
    const identity = identityOf(instance, container.Config.Labels);
    if (identity) await logs.finish(container.Id, identity);
    await removeContainer(engine, container.Id);
    if (identity) await logs.forget(identity);
    exitCodes.delete(container.Id);
  }

  await list();
  const info: unknown = await engine.ask((docker) => docker.info(), { timeoutMs: 10_000 });
  const isContainer = createContainerCheck(isApart(info));

  return {
    name: 'docker',
    description: engine.description,
    limits: engine.limits,
    preview: (recipe) => previewBuild(engine, recipe),
    build: (request) => buildImage(engine, instance, request),
    buildFolders: engine.rootFolder === null ? [] : [engine.rootFolder],
    removeGarbage: (kept) => removeGarbage(engine, instance, kept, log),
    locateVolumes: (volumes) => locateVolumes(engine, volumes),
    removeVolume: (volume) => removeVolume(engine, instance, volume),
    hasArtifact: async (artifact) => (await findImage(engine, artifact)) !== undefined,
    removeArtifact: (artifact) => removeImage(engine, artifact, log),
    async start(spec, signal) {
      const container = await startContainer(engine, instance, spec, signal);
      const started = observe(container);
      if (started === undefined) throw new Error(`${spec.name} has lost its labels`);
      return started;
    },
    async find(name) {
      const container = await findOwn(name);
      return container === undefined ? undefined : observe(container);
    },
    list,
    stop,
    usage: (names) => usageOf(engine, names),
    async listeners(name) {
      const container = await findOwn(name);
      return container === undefined ? [] : listenersOf(container.Id, container.State.Pid);
    },
    onExit(callback) {
      callbacks.push(callback);
    },
    ownsConnection: (connection) => isContainer(connection),
    async close() {
      await events.close();
      await logs.close();
      // The network goes with the last instance, so that an uninstalled BorgOS leaves nothing.
      const left = await list().catch(() => null);
      if (left?.length === 0) await removeNetwork(engine, instance).catch(() => {});
    },
  };
}
