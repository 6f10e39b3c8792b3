import type { FailureCode } from '@borgos/contracts/deployments';
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
}

export async function insertRevision(
  db: Db,
  deploymentId: number,
  number: number,
  { environment, ...settings }: ReleaseSettings,
  /** Sealed. */
  secrets: Record<string, string>,
): Promise<void> {
  await db
    .insertInto('revisions')
    .values({
      deployment_id: deploymentId,
      number,
      environment: JSON.stringify(environment),
      secrets: JSON.stringify(secrets),
      ...settings,
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

/** What each revision was built to, newest first; without what may be large. */
export async function listBuilds(
  db: Db,
  deploymentId: number,
): Promise<{ number: number; artifact: string | null }[]> {
  return db
    .selectFrom('revisions')
    .select(['number', 'artifact'])
    .where('deployment_id', '=', deploymentId)
    .orderBy('number', 'desc')
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
