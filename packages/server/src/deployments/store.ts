import type { Actor } from '@borgos/contracts/caller';
import type { Deployment, DeploymentStatus } from '@borgos/contracts/deployments';
import type { VolumeMount } from '@borgos/contracts/volumes';
import { type Selectable, sql } from 'kysely';
import type { Tables } from '../database/tables.ts';
import { constraintOf, type Db } from '../database/transaction.ts';
import { AppError, notFound } from '../errors.ts';
import type { ReleaseSettings } from './revision-store.ts';

/** A deployment as the worker sees it: wishes, state, and what its project is called. */
export type DeploymentRow = Selectable<Tables['deployments']> & {
  project_name: string;
  project_path: string;
};
export interface DeploymentFilter {
  status?: DeploymentStatus | undefined;
  project_id?: number | undefined;
  name?: string | undefined;
  port?: number | undefined;
}

/** What the API shows: the wanted release's settings, the serving release's image and revision. */
function shown(db: Db) {
  return (
    db
      .selectFrom('deployments as d')
      .innerJoin('revisions as wanted', (join) =>
        join
          .onRef('wanted.deployment_id', '=', 'd.id')
          .onRef('wanted.number', '=', 'd.wanted_revision'),
      )
      .leftJoin('revisions as active', (join) =>
        join
          .onRef('active.deployment_id', '=', 'd.id')
          .onRef('active.number', '=', 'd.active_revision'),
      )
      .select([
        'd.id',
        'd.project_id',
        'd.name',
        'd.port',
        'd.status',
        'd.status_reason',
        'd.failure_code',
        'd.stage',
        'd.container_id',
        'd.process_id',
        'wanted.environment',
        'wanted.health_check_path',
        'wanted.cpu_limit',
        'wanted.memory_limit',
        'd.limits_enforced',
        'd.runtime',
        'd.restarts',
        'd.created_at',
        'd.updated_at',
        'd.started_at',
        'd.stopped_at',
        'd.observed_at',
      ])
      .select(
        sql<VolumeMount[]>`coalesce(wanted.volumes, wanted.recipe -> 'volumes', '[]')`.as(
          'volumes',
        ),
      )
      .select(sql<string | null>`coalesce(active.artifact, wanted.artifact)`.as('image'))
      .select(sql<number>`coalesce(d.active_revision, d.wanted_revision)`.as('revision'))
      .select(
        sql<string[]>`array(
        select domain from domains where deployment_id = d.id order by domain collate "C"
      )`.as('domains'),
      )
      // The names only: an answer has no use for what is sealed.
      .select(
        sql<string[]>`array(
        select name from jsonb_object_keys(wanted.secrets) as name order by name collate "C"
      )`.as('secret_names'),
      )
  );
}

type ShownRow = Awaited<ReturnType<ReturnType<typeof shown>['executeTakeFirstOrThrow']>>;

function toDeployment({ health_check_path, ...row }: ShownRow): Deployment {
  const url = `http://localhost:${row.port}`;
  return { ...row, url, health_check_url: `${url}${health_check_path ?? '/'}` };
}

export async function listDeployments(
  db: Db,
  filter: DeploymentFilter,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ items: Deployment[]; total: number }> {
  let query = shown(db);
  if (filter.status) query = query.where('d.status', '=', filter.status);
  if (filter.project_id) query = query.where('d.project_id', '=', filter.project_id);
  if (filter.name) query = query.where('d.name', '=', filter.name);
  if (filter.port) query = query.where('d.port', '=', filter.port);
  const rows = await query
    .orderBy('d.created_at', 'desc')
    .orderBy('d.id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  const { total } = await query
    .clearSelect()
    .select(sql<number>`count(*)`.as('total'))
    .executeTakeFirstOrThrow();
  return { items: rows.map(toDeployment), total };
}

export async function findDeployment(db: Db, id: number): Promise<Deployment | undefined> {
  const row = await shown(db).where('d.id', '=', id).executeTakeFirst();
  return row && toDeployment(row);
}

/** What runs the deployments that serve now; `null` when none does. */
export async function findRuntimeInUse(db: Db): Promise<'docker' | 'process' | null> {
  const row = await db
    .selectFrom('deployments')
    .select('runtime')
    .where('active_generation', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return row?.runtime ?? null;
}

/** How many have something that serves. */
export async function countActive(db: Db): Promise<number> {
  const row = await db
    .selectFrom('deployments')
    .select(sql<number>`count(*)`.as('total'))
    .where('active_generation', 'is not', null)
    .executeTakeFirstOrThrow();
  return row.total;
}

/** How many deployments have each status, of those that any has. */
export async function countByStatus(db: Db): Promise<Partial<Record<DeploymentStatus, number>>> {
  const counts = await db
    .selectFrom('deployments')
    .select(['status', sql<number>`count(*)`.as('total')])
    .groupBy('status')
    .execute();
  return Object.fromEntries(counts.map(({ status, total }) => [status, total]));
}

function rows(db: Db) {
  return db
    .selectFrom('deployments as d')
    .innerJoin('projects as p', 'p.id', 'd.project_id')
    .selectAll('d')
    .select(['p.name as project_name', 'p.path as project_path']);
}

export async function findRow(db: Db, id: number): Promise<DeploymentRow | undefined> {
  return rows(db).where('d.id', '=', id).executeTakeFirst();
}

/**
 * Reads a deployment and holds it until the transaction ends. Who changes wishes holds it until the
 * job is enqueued, so a worker that locks it cannot read an old wish and miss the job for the new.
 */
export async function lockRow(db: Db, id: number): Promise<DeploymentRow | undefined> {
  return rows(db).where('d.id', '=', id).forUpdate('d').executeTakeFirst();
}

/** The deployment of that name, and the port that it has or had. */
export async function findByName(
  db: Db,
  projectId: number,
  name: string,
): Promise<{ id: number; port: number } | undefined> {
  return db
    .selectFrom('deployments')
    .select(['id', 'port'])
    .where('project_id', '=', projectId)
    .where('name', '=', name)
    .executeTakeFirst();
}

export async function listRows(db: Db): Promise<DeploymentRow[]> {
  return rows(db).orderBy('d.id').execute();
}

/** Deployments whose app may print, or has done so within the last minutes. */
export async function listPrinting(db: Db): Promise<{ id: number; project_id: number }[]> {
  return db
    .selectFrom('deployments')
    .select(['id', 'project_id'])
    .where((eb) =>
      eb.or([
        eb('active_generation', 'is not', null),
        eb('updated_at', '>', sql<string>`now() - interval '5 minutes'`),
      ]),
    )
    .execute();
}

/** A new deployment with its first revision and its port, in one statement. */
export async function insertDeployment(
  db: Db,
  { project_id, name, port }: { project_id: number; name: string; port: number },
  settings: ReleaseSettings,
  createdBy: Actor,
): Promise<number> {
  const row = await db
    .with('added', (db) =>
      db.insertInto('deployments').values({ project_id, name, port }).returning('id'),
    )
    .with('lease', (db) =>
      db
        .insertInto('port_leases')
        .columns(['port', 'deployment_id'])
        .expression((eb) =>
          eb.selectFrom('added').select([sql`${port}::integer`.as('port'), 'id']),
        ),
    )
    .with('revision', (db) =>
      db
        .insertInto('revisions')
        .columns([
          'deployment_id',
          'number',
          'environment',
          'cpu_limit',
          'memory_limit',
          'health_check_path',
          'root',
          'volumes',
          'created_by',
        ])
        .expression((eb) =>
          eb
            .selectFrom('added')
            .select([
              'id',
              sql`1`.as('number'),
              sql`${JSON.stringify(settings.environment)}::jsonb`.as('environment'),
              sql`${settings.cpu_limit}::text`.as('cpu_limit'),
              sql`${settings.memory_limit}::text`.as('memory_limit'),
              sql`${settings.health_check_path}::text`.as('health_check_path'),
              sql`${settings.root}::text`.as('root'),
              sql`${settings.volumes && JSON.stringify(settings.volumes)}::jsonb`.as('volumes'),
              sql`${JSON.stringify(createdBy)}::jsonb`.as('created_by'),
            ]),
        ),
    )
    .selectFrom('added')
    .select('id')
    .executeTakeFirstOrThrow()
    .catch((error) => {
      const constraint = constraintOf(error);
      if (constraint === 'port_leases_pkey') throw portInUse(port, { cause: error });
      if (constraint === 'deployments_project_id_fkey') throw notFound('Project', project_id);
      if (constraint !== 'deployments_name_key') throw error;
      throw new AppError(
        'DEPLOYMENT_EXISTS',
        `Deployment "${name}" of project ${project_id} was created at the same moment; deploy again for a new revision of it`,
        { cause: error },
      );
    });
  return row.id;
}

/** Takes a port for a deployment; which of several takers gets it, the table's key decides. */
export async function insertLease(db: Db, port: number, deploymentId: number): Promise<void> {
  await db
    .insertInto('port_leases')
    .values({ port, deployment_id: deploymentId })
    .onConflict((conflict) => conflict.column('deployment_id').doNothing())
    .execute()
    .catch((error) => {
      if (constraintOf(error) === 'port_leases_pkey') throw portInUse(port, { cause: error });
      throw error;
    });
}

export async function deleteLease(db: Db, deploymentId: number): Promise<void> {
  await db.deleteFrom('port_leases').where('deployment_id', '=', deploymentId).execute();
}

/** Who has leased a port. */
export async function findLease(
  db: Db,
  port: number,
): Promise<{ id: number; name: string } | undefined> {
  return db
    .selectFrom('port_leases as l')
    .innerJoin('deployments as d', 'd.id', 'l.deployment_id')
    .select(['d.id', 'd.name'])
    .where('l.port', '=', port)
    .executeTakeFirst();
}

export async function listLeasedPorts(db: Db): Promise<Set<number>> {
  const leases = await db.selectFrom('port_leases').select('port').execute();
  return new Set(leases.map(({ port }) => port));
}

export function portInUse(
  port: number,
  { holder, cause }: { holder?: string; cause?: unknown } = {},
): AppError {
  return new AppError('PORT_IN_USE', `Port ${port} is already in use`, {
    cause,
    details: [
      {
        path: 'body.port',
        message: `${holder ?? 'another deployment'} has it; choose another port, or leave port out to get a free one`,
      },
    ],
  });
}

export type DeploymentFields = Partial<
  Omit<
    Selectable<Tables['deployments']>,
    'id' | 'created_at' | 'started_at' | 'stopped_at' | 'observed_at' | 'updated_at' | 'wished_at'
  >
> & {
  started_at?: Date | null;
  stopped_at?: Date | null;
  observed_at?: Date;
  wished_at?: Date;
};

/**
 * Changes a deployment and returns it as it is then. With `generation`: only while that is still
 * the newest wish, so that a worker that was overtaken writes nothing; `undefined` says it was.
 */
export async function updateDeployment(
  db: Db,
  id: number,
  fields: DeploymentFields,
  generation?: number,
): Promise<DeploymentRow | undefined> {
  let query = db
    .updateTable('deployments')
    .set({ ...fields, updated_at: new Date() })
    .where('id', '=', id);
  if (generation !== undefined) query = query.where('generation', '=', generation);
  const { numUpdatedRows } = await query.executeTakeFirst();
  return numUpdatedRows > 0n ? findRow(db, id) : undefined;
}

/** Holds the deployment until the transaction ends, so that its status is that before the change. */
export async function findStatus(db: Db, id: number): Promise<DeploymentStatus | undefined> {
  const row = await db
    .selectFrom('deployments')
    .select('status')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return row?.status;
}

/** Notes that deployments were seen as they are recorded; changes nothing else. */
export async function markObserved(db: Db, ids: number[]): Promise<void> {
  if (ids.length === 0) return;
  await db
    .updateTable('deployments')
    .set({ observed_at: new Date() })
    .where('id', 'in', ids)
    .execute();
}

export async function deleteDeployment(db: Db, id: number): Promise<void> {
  await db.deleteFrom('deployments').where('id', '=', id).execute();
}
