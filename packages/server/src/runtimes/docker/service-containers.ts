import type { ContainerInspectInfo } from 'dockerode';
import type { Connection } from '../../deployments/runtime.ts';
import { ReleaseFailure } from '../../errors.ts';
import { createContainerCheck, isApart } from '../peer-container.ts';
import { findContainer, removeContainer } from './containers.ts';
import { type Engine, openEngine } from './engine.ts';
import { found, ignoring, reasonOf, statusOf } from './engine-errors.ts';
import { findImage } from './images.ts';
import { instanceLabels, labels } from './labels.ts';
import { type FollowOptions, followService } from './service-output.ts';
import { type ServiceSpec, serviceRequest } from './service-request.ts';

/** One run of a container: it can be started again. */
interface Run {
  id: string;
  startedAt: string;
  /** Of its first process on this machine; `null`: the engine is elsewhere, or in a machine of its own. */
  pid: number | null;
}

const inspectMs = 5_000;

/**
 * Containers of BorgOS that are not deployed, in whatever Docker Engine there is, which is looked
 * for when it is needed (`socketPath`: only there). Unless said otherwise, all of it throws
 * `ReleaseFailure` RUNTIME_UNAVAILABLE when none answers.
 */
export function openServiceContainers(instance: string, socketPath?: string) {
  let opening: Promise<Engine> | undefined;
  let isApartHere = false;
  let isContainer: ((connection: Connection) => Promise<boolean>) | undefined;

  function open(): Promise<Engine> {
    opening ??= find().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }

  async function find(): Promise<Engine> {
    const engine = await openEngine(socketPath);
    const info: unknown = await engine.ask((docker) => docker.info(), { timeoutMs: 10_000 });
    isApartHere = isApart(info);
    isContainer = createContainerCheck(isApartHere);
    return engine;
  }

  function runOf({ Id, State }: ContainerInspectInfo): Run {
    return { id: Id, startedAt: State.StartedAt, pid: isApartHere ? null : State.Pid || null };
  }

  async function run(engine: Engine, id: string): Promise<Run> {
    try {
      await engine.ask((docker) => docker.getContainer(id).start());
    } catch (error) {
      // The engine leaves it behind as `created`.
      await removeContainer(engine, id).catch(() => {});
      throw error;
    }
    return runOf(await engine.ask((docker) => docker.getContainer(id).inspect()));
  }

  async function list(service: string): Promise<string[]> {
    const engine = await open();
    const own = Object.entries({ ...instanceLabels(instance), [labels.service]: service });
    const label = own.map(([name, value]) => `${name}=${value}`);
    const containers = await engine.ask((docker) =>
      docker.listContainers({ all: true, filters: { label } }),
    );
    return containers.map(({ Id }) => Id);
  }

  /** `null`: the engine does not tell. Never throws. */
  async function isAlive({ id, startedAt }: Omit<Run, 'pid'>): Promise<boolean | null> {
    try {
      const engine = await open();
      const container = await found(
        engine.ask((docker) => docker.getContainer(id).inspect(), { timeoutMs: inspectMs }),
      );
      return container?.State.Running === true && container.State.StartedAt === startedAt;
    } catch {
      return null;
    }
  }

  return {
    isAlive,
    async hasImage(image: string): Promise<boolean> {
      return (await findImage(await open(), image)) !== undefined;
    },

    /** The name of the container, of whomever, that has a port of this machine. */
    async findPortHolder(port: number): Promise<string | null> {
      const engine = await open();
      const publish = [String(port)];
      const [holder] = await engine.ask((docker) =>
        docker.listContainers({ filters: { publish, status: ['running', 'paused'] } }),
      );
      return holder?.Names[0]?.replace(/^\//, '') ?? null;
    },

    /** @throws ReleaseFailure START_FAILED, and then there is none */
    async start(spec: ServiceSpec): Promise<Run> {
      const engine = await open();
      const { name, body } = serviceRequest(instance, spec);
      try {
        const options = { name, _query: { name }, _body: body };
        const { id } = await engine.ask((docker) => docker.createContainer(options));
        return await run(engine, id);
      } catch (error) {
        if (statusOf(error) === null) throw error;
        throw new ReleaseFailure('START_FAILED', reasonOf(error), { cause: error });
      }
    },

    /** One that runs. */
    async find(service: string): Promise<Run | null> {
      for (const id of await list(service)) {
        const container = await findContainer(await open(), id);
        if (container?.State.Running) return runOf(container);
      }
      return null;
    },

    /** Never throws: what cannot be had now is tried again. */
    async follow({
      run,
      ...options
    }: Omit<FollowOptions, 'id' | 'isAlive'> & { run: Omit<Run, 'pid'> }): Promise<void> {
      await followService(open, { ...options, id: run.id, isAlive: () => isAlive(run) });
    },

    /** Ends and removes all that are of that service. Returns whether there were any. */
    async remove(service: string, graceMs: number): Promise<boolean> {
      const engine = await open();
      const ids = await list(service);
      for (const id of ids) {
        if (graceMs > 0) await stop(engine, id, graceMs);
        await removeContainer(engine, id);
      }
      return ids.length > 0;
    },

    /** Whether a connection over loopback comes from a container, once one was asked for. */
    ownsConnection: async (connection: Connection): Promise<boolean> =>
      (await isContainer?.(connection)) ?? false,
  };
}

/** It may have ended, or be gone. */
async function stop(engine: Engine, id: string, graceMs: number): Promise<void> {
  const t = Math.ceil(graceMs / 1000);
  const timeoutMs = graceMs + 60_000;
  const stopping = engine.ask((docker) => docker.getContainer(id).stop({ t }), { timeoutMs });
  await ignoring([304, 404], stopping);
}

export type ServiceContainers = ReturnType<typeof openServiceContainers>;
