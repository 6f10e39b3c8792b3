import type { api } from '@borgos/contracts';
import type { Actor } from '@borgos/contracts/caller';
import type { ListResult, ParsedInput } from '@borgos/contracts/endpoint';
import type { Volume, VolumeMount } from '@borgos/contracts/volumes';
import type { Logger } from 'pino';
import { systemActor } from '../caller.ts';
import { type Db, transaction } from '../database/transaction.ts';
import type { KeptVolume, VolumeRuntime } from '../deployments/deployments.ts';
import { AppError, notFound, ReleaseFailure } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import { measureDirectories } from './measure-directories.ts';
import * as store from './store.ts';

type Endpoints = (typeof api)['volumes'];

/** Whose volumes they are. */
export interface VolumeOwner {
  deployment_id: number;
  deployment_name: string;
  project_id: number;
  project_name: string;
}

export interface Volumes {
  list(query: ParsedInput<Endpoints['list']>): Promise<ListResult<Volume>>;
  /** Of a deployment, whether its release has them or not. */
  listOfDeployment(id: number): Promise<{ id: number; name: string }[]>;
  /**
   * Records what a release is about to be started with, before the runtime makes it. Those that the
   * deployment had, or one of its name that was deleted, are found again.
   * @throws ReleaseFailure START_FAILED for one that is being deleted
   */
  claim(
    owner: VolumeOwner,
    mounts: (VolumeMount & { engine_name: string })[],
    actor: Actor | null,
  ): Promise<KeptVolume[]>;
  /**
   * With all that is in it.
   * @throws AppError NOT_FOUND, VALIDATION_FAILED for another name, CONFLICT, UNAVAILABLE
   */
  delete(id: number, name: string, actor: Actor): Promise<void>;
  /** Goes on with what a killed server had begun to delete. */
  recover(): Promise<void>;
}

/** What deployments keep over their releases, and after their end. */
export function createVolumes({
  db,
  runtime,
  log,
}: {
  db: Db;
  runtime: VolumeRuntime;
  log: Pick<Logger, 'warn'>;
}): Volumes {
  async function finishDeletion(row: store.VolumeRow, actor: Actor): Promise<void> {
    const removed = await reached(runtime.removeVolume(keptVolumeOf(row)));
    if (!removed) {
      await store.markDeleted(db, row.id, null);
      throw new AppError(
        'CONFLICT',
        `Volume ${row.id} "${row.name}" is used by a container that BorgOS did not make, so it stays: remove that first (docker ps --all --filter volume=${row.engine_name})`,
      );
    }
    await transaction(db, async (db) => {
      const deleted = await store.deleteVolume(db, row.id);
      if (deleted) await appendEvent(db, 'volume_deleted', told(deleted), actor);
    });
  }

  /** Notes the wish, under the lock that deploys take. */
  async function wishDeleted(id: number, name: string, actor: Actor): Promise<store.VolumeRow> {
    const found = await store.findVolume(db, id);
    if (!found) throw notFound('Volume', id);
    assertNamed(found, name);
    if (found.runtime !== runtime.name) throw elsewhere(found, runtime.name);
    const owner = found.deployment_id;
    const instances = await reached(runtime.list());
    const running = instances.filter(({ deploymentId }) => deploymentId === owner);
    return transaction(db, async (db) => {
      if (owner !== null) await store.lockDeployment(db, owner);
      const row = await store.lockVolume(db, id);
      if (!row) throw notFound('Volume', id);
      const revisions = running.map(({ revision }) => revision);
      const isAdopted = row.deployment_id !== null && row.deployment_id !== owner;
      if (isAdopted || (await store.isInUse(db, id, revisions))) throw inUse(row);
      await store.markDeleted(db, id, actor);
      return row;
    });
  }

  /** The list is also there while the engine is not. */
  async function locate(items: store.ListedVolume[]): Promise<Map<string, string | null>> {
    try {
      return await runtime.locateVolumes(items.map(keptVolumeOf));
    } catch (error) {
      if (error instanceof ReleaseFailure && error.code === 'RUNTIME_UNAVAILABLE') return new Map();
      throw error;
    }
  }

  return {
    async list({ limit, offset = 0, deployment_id, project_id }) {
      const filter = { deployment_id, project_id };
      const { items, total } = await store.listVolumes(db, filter, { limit, offset });
      const own = items.filter((item) => item.runtime === runtime.name);
      const places = await locate(own);
      const sizes = await measureDirectories([...places.values()].flatMap((place) => place ?? []));
      return {
        items: items.map(({ made_for, engine_name, ...shown }): Volume => {
          const directory = places.get(engine_name) ?? null;
          return {
            ...shown,
            location: (shown.runtime === 'process' && directory) || engine_name,
            size_bytes: directory === null ? null : (sizes.get(directory) ?? null),
          };
        }),
        total,
      };
    },

    async listOfDeployment(id) {
      const rows = await store.listOfDeployment(db, id);
      return rows.map(({ id, name }) => ({ id, name }));
    },

    async claim(owner, mounts, actor) {
      if (mounts.length === 0) return [];
      return transaction(db, async (db) => {
        await store.lockDeployment(db, owner.deployment_id);
        await store.adoptVolumes(db, owner);
        const there = await store.listOfDeployment(db, owner.deployment_id);
        const claimed: KeptVolume[] = [];
        const made: store.VolumeRow[] = [];
        for (const { name, path, engine_name } of mounts) {
          const found = there.find((row) => row.name === name && row.runtime === runtime.name);
          if (found && found.deleted_by !== null) throw isBeingDeleted(found);
          const kept = { runtime: runtime.name, made_for: owner.deployment_id, engine_name };
          const row = found ?? (await store.insertVolume(db, { name, ...owner, ...kept }));
          if (!found) made.push(row);
          claimed.push({ ...keptVolumeOf(row), path });
        }
        for (const row of made) {
          await appendEvent(db, 'volume_created', told(row), actor ?? systemActor);
        }
        return claimed;
      });
    },

    async delete(id, name, actor) {
      await finishDeletion(await wishDeleted(id, name, actor), actor);
    },

    async recover() {
      for (const row of await store.listDeleted(db)) {
        if (row.runtime !== runtime.name) continue;
        await finishDeletion(row, row.deleted_by ?? systemActor).catch((error) =>
          log.warn({ err: error, volume: row.id }, 'a volume was not deleted yet'),
        );
      }
    },
  };
}

function keptVolumeOf(
  row: Pick<store.VolumeRow, 'name' | 'made_for' | 'engine_name'>,
): Omit<KeptVolume, 'path'> {
  return { name: row.name, madeFor: row.made_for, engineName: row.engine_name };
}

function told({ id, name, project_id, deployment_id, deployment_name }: store.VolumeRow) {
  return { id, name, project_id, deployment_id, deployment_name };
}

/** An engine that is away is no fault of BorgOS: the caller may try again. */
async function reached<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof ReleaseFailure)) throw error;
    throw new AppError('UNAVAILABLE', error.message, { cause: error });
  }
}

function assertNamed(row: store.VolumeRow, name: string): void {
  if (row.name === name) return;
  throw new AppError('VALIDATION_FAILED', `Volume ${row.id} has another name than "${name}"`, {
    details: [
      { path: 'query.name', message: `must be the name of volume ${row.id}, as the list has it` },
    ],
  });
}

function inUse({ id, name, deployment_id, deployment_name }: store.VolumeRow): AppError {
  return new AppError(
    'CONFLICT',
    `Volume ${id} "${name}" is in use by deployment ${deployment_id} "${deployment_name}": deploy that without it, or delete it, first`,
  );
}

function elsewhere({ id, name, runtime }: store.VolumeRow, current: string): AppError {
  return new AppError(
    'CONFLICT',
    `Volume ${id} "${name}" lies in the runtime ${runtime}, and BorgOS uses ${current} now: start it with BORGOS_RUNTIME=${runtime} to delete it`,
  );
}

function isBeingDeleted({ id, name }: store.VolumeRow): ReleaseFailure {
  return new ReleaseFailure(
    'START_FAILED',
    `Volume ${id} "${name}" is being deleted: deploy again when GET /api/v1/volumes does not have it any more, and the app gets an empty one.`,
  );
}
