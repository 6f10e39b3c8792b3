import type { Actor } from '@borgos/contracts/caller';
import type { Volume } from '@borgos/contracts/volumes';
import { type ExpressionBuilder, type Selectable, sql } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { Db } from '../database/transaction.ts';

export type VolumeRow = Selectable<Tables['volumes']>;
export type ListedVolume = Omit<Volume, 'location' | 'size_bytes'> &
  Pick<VolumeRow, 'made_for' | 'engine_name'>;

export interface VolumeFilter {
  deployment_id?: number | undefined;
  project_id?: number | undefined;
}

/** Newest first, and how many there are in all. */
export async function listVolumes(
  db: Db,
  filter: VolumeFilter,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ items: ListedVolume[]; total: number }> {
  let query = db.selectFrom('volumes');
  if (filter.deployment_id) query = query.where('deployment_id', '=', filter.deployment_id);
  if (filter.project_id) query = query.where('project_id', '=', filter.project_id);
  const items = await query
    .select([
      ...(['id', 'name', 'project_id', 'project_name', 'deployment_id'] as const),
      ...(['deployment_name', 'runtime', 'made_for', 'engine_name', 'created_at'] as const),
      (eb) => isWanted(eb).as('in_use'),
    ])
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  const { total } = await query.select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow();
  return { items, total };
}

/** Whether the release that serves or the one that is wanted has it. */
function isWanted(_: ExpressionBuilder<Tables, 'volumes'>) {
  return sql<boolean>`exists (
    select from deployments d
    join revisions r on r.deployment_id = d.id and r.number in (d.wanted_revision, d.active_revision)
    where d.id = volumes.deployment_id and ${hasVolume}
  )`;
}

/** Whether the revision `r` is started with the row of `volumes`. */
const hasVolume = sql<boolean>`coalesce(r.runtime, volumes.runtime) = volumes.runtime
  and coalesce(r.volumes, r.recipe -> 'volumes', '[]')
    @> jsonb_build_array(jsonb_build_object('name', volumes.name))`;

/** Also whether one of those revisions has it, of which something still runs. */
export async function isInUse(db: Db, id: number, running: number[]): Promise<boolean> {
  const row = await db
    .selectFrom('volumes')
    .where('id', '=', id)
    .where((eb) =>
      eb.or([
        isWanted(eb),
        sql<boolean>`exists (
          select from revisions r where r.deployment_id = volumes.deployment_id
            and r.number = any (${running}) and ${hasVolume}
        )`,
      ]),
    )
    .select('id')
    .executeTakeFirst();
  return row !== undefined;
}

export async function findVolume(db: Db, id: number): Promise<VolumeRow | undefined> {
  return db.selectFrom('volumes').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Holds the volume until the transaction ends. */
export async function lockVolume(db: Db, id: number): Promise<VolumeRow | undefined> {
  return db.selectFrom('volumes').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

/** Holds what wishes of a deployment are written to, so that none comes in between. */
export async function lockDeployment(db: Db, id: number): Promise<void> {
  await db.selectFrom('deployments').select('id').where('id', '=', id).forUpdate().execute();
}

export async function listOfDeployment(db: Db, deploymentId: number): Promise<VolumeRow[]> {
  return db
    .selectFrom('volumes')
    .selectAll()
    .where('deployment_id', '=', deploymentId)
    .orderBy('id')
    .execute();
}

/** Those of a deployment that was deleted, for the next one of its name. */
export async function adoptVolumes(
  db: Db,
  owner: { deployment_id: number; deployment_name: string; project_id: number },
): Promise<void> {
  await db
    .updateTable('volumes')
    .set({ deployment_id: owner.deployment_id })
    .where('project_id', '=', owner.project_id)
    .where('deployment_name', '=', owner.deployment_name)
    .where('deployment_id', 'is', null)
    .execute();
}

export async function insertVolume(
  db: Db,
  row: Omit<VolumeRow, 'id' | 'deleted_by' | 'created_at'>,
): Promise<VolumeRow> {
  return db.insertInto('volumes').values(row).returningAll().executeTakeFirstOrThrow();
}

/** Notes who wants it to be deleted; `null`: it stays. */
export async function markDeleted(db: Db, id: number, actor: Actor | null): Promise<void> {
  await db
    .updateTable('volumes')
    .set({ deleted_by: actor && JSON.stringify(actor) })
    .where('id', '=', id)
    .execute();
}

export async function listDeleted(db: Db): Promise<VolumeRow[]> {
  return db.selectFrom('volumes').selectAll().where('deleted_by', 'is not', null).execute();
}

/** Returns it, unless somebody else has deleted it. */
export async function deleteVolume(db: Db, id: number): Promise<VolumeRow | undefined> {
  return db.deleteFrom('volumes').where('id', '=', id).returningAll().executeTakeFirst();
}
