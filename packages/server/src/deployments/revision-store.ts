import type { Actor } from '@borgos/contracts/caller';
import type { FailureCode } from '@borgos/contracts/deployments';
import type { VolumeMount } from '@borgos/contracts/volumes';
import { type Selectable, sql } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { Db } from '../database/transaction.ts';

export type RevisionRow = Selectable<Tables['revisions']>;

/** What a release is started with. */
export interface ReleaseSettings {
  environment: Record<string, string>;
  cpu_limit: string | null;
  memory_limit: string | null;
  health_check_path: string | null;
  /** The folder in the project's directory that is built; `null`: the directory itself. */
  root: string | null;
  /** `null`: those of the recipe. */
  volumes: VolumeMount[] | null;
}

/** What a revision that repeats another one has of it. */
export type Repeated = Pick<
  RevisionRow,
  | 'artifact'
  | 'recipe'
  | 'runtime'
  | 'built_at'
  | 'source_commit'
  | 'rollback_of'
  | 'rolled_back_from'
>;

export async function insertRevision(
  db: Db,
  { deploymentId, number }: { deploymentId: number; number: number },
  settings: ReleaseSettings,
  /** Sealed. */
  secrets: Record<string, string>,
  createdBy: Actor,
  repeated?: Repeated,
): Promise<void> {
  await db
    .insertInto('revisions')
    .values({
      deployment_id: deploymentId,
      number,
      environment: JSON.stringify(settings.environment),
      cpu_limit: settings.cpu_limit,
      memory_limit: settings.memory_limit,
      health_check_path: settings.health_check_path,
      root: settings.root,
      volumes: settings.volumes && JSON.stringify(settings.volumes),
      secrets: JSON.stringify(secrets),
      created_by: JSON.stringify(createdBy),
      ...(repeated && { ...repeated, recipe: JSON.stringify(repeated.recipe) }),
    })
    .execute();
}

/** A revision with secrets, as they are kept: sealed, by name. */
export interface SealedRevision {
  deployment_id: number;
  number: number;
  secrets: Record<string, string>;
}

function sealed(db: Db) {
  return db
    .selectFrom('revisions')
    .select(['deployment_id', 'number', 'secrets'])
    .where(sql<boolean>`secrets <> '{}'`);
}

export async function listSealed(db: Db, deploymentId: number): Promise<SealedRevision[]> {
  return sealed(db).where('deployment_id', '=', deploymentId).execute();
}

/** Some of all revisions with secrets, from the one after the last that was returned before. */
export async function listSealedAfter(
  db: Db,
  last: { deployment_id: number; number: number },
  limit: number,
): Promise<SealedRevision[]> {
  return sealed(db)
    .where(sql<boolean>`(deployment_id, number) > (${last.deployment_id}, ${last.number})`)
    .orderBy('deployment_id')
    .orderBy('number')
    .limit(limit)
    .forUpdate()
    .execute();
}

export async function getRevision(
  db: Db,
  deploymentId: number,
  number: number,
): Promise<RevisionRow> {
  return db
    .selectFrom('revisions')
    .selectAll()
    .where('deployment_id', '=', deploymentId)
    .where('number', '=', number)
    .executeTakeFirstOrThrow();
}

export type Build = Pick<
  RevisionRow,
  'number' | 'artifact' | 'runtime' | 'built_at' | 'served_at' | 'failure_code'
>;

/** What each revision was built to, newest first; without what may be large. */
export async function listBuilds(db: Db, deploymentId: number): Promise<Build[]> {
  return db
    .selectFrom('revisions')
    .select(['number', 'artifact', 'runtime', 'built_at', 'served_at', 'failure_code'])
    .where('deployment_id', '=', deploymentId)
    .orderBy('number', 'desc')
    .execute();
}

/** Every build that is recorded, of all deployments. */
export async function listArtifacts(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('revisions')
    .select('artifact')
    .distinct()
    .where('artifact', 'is not', null)
    .execute();
  return rows.flatMap(({ artifact }) => artifact ?? []);
}

/** Newest first, and how many there are in all. */
export async function listRevisions(
  db: Db,
  deploymentId: number,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ rows: RevisionRow[]; total: number }> {
  const own = db.selectFrom('revisions').where('deployment_id', '=', deploymentId);
  const rows = await own
    .selectAll()
    .orderBy('number', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  const { total } = await own.select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow();
  return { rows, total };
}

/** Notes that a revision was called off, unless it has served or failed before. */
export async function markCancelled(db: Db, deploymentId: number, number: number): Promise<void> {
  await db
    .updateTable('revisions')
    .set({ cancelled_at: new Date() })
    .where('deployment_id', '=', deploymentId)
    .where('number', '=', number)
    .where('served_at', 'is', null)
    .where('failure_code', 'is', null)
    .execute();
}

export async function deleteRevision(db: Db, deploymentId: number, number: number): Promise<void> {
  await db
    .deleteFrom('revisions')
    .where('deployment_id', '=', deploymentId)
    .where('number', '=', number)
    .execute();
}

export async function updateRevision(
  db: Db,
  deploymentId: number,
  number: number,
  fields: {
    recipe?: RevisionRow['recipe'];
    /** Sealed. */
    secrets?: Record<string, string>;
    artifact?: string | null;
    runtime?: RevisionRow['runtime'];
    failure_code?: FailureCode | null;
    failure_reason?: string | null;
    source_commit?: string | null;
    cancelled_at?: null;
    built_at?: Date;
    served_at?: Date;
  },
): Promise<void> {
  const { recipe, secrets, ...rest } = fields;
  await db
    .updateTable('revisions')
    .set({
      ...rest,
      ...(recipe !== undefined && { recipe: JSON.stringify(recipe) }),
      ...(secrets !== undefined && { secrets: JSON.stringify(secrets) }),
    })
    .where('deployment_id', '=', deploymentId)
    .where('number', '=', number)
    .execute();
}
