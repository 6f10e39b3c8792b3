import type { Scan, Scores } from '@borgos/contracts/scans';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';

const columns = [
  'id',
  'project_id',
  'status',
  'status_reason',
  'trigger',
  'stage',
  'files_found',
  'files_done',
  'files_read',
  'truncated',
  'lines_of_code',
  'errors_found',
  'health_score',
  'vibe_score',
  'eco_score',
  'commit',
  'changes',
  'created_at',
  'started_at',
  'finished_at',
] as const;

/** @returns `null` when one is queued or runs already */
export async function insertScan(
  db: Db,
  project_id: number,
  trigger: Scan['trigger'],
): Promise<Scan | null> {
  const scan = await db
    .insertInto('scans')
    .values({ project_id, trigger, stage: 'waiting' })
    .onConflict((conflict) =>
      conflict.column('project_id').where('status', 'in', ['queued', 'running']).doNothing(),
    )
    .returning(columns)
    .executeTakeFirst();
  return scan ?? null;
}

export async function findActive(db: Db, projectId: number): Promise<Scan | undefined> {
  return db
    .selectFrom('scans')
    .select(columns)
    .where('project_id', '=', projectId)
    .where('status', 'in', ['queued', 'running'])
    .executeTakeFirst();
}

export async function findScan(db: Db, projectId: number, id: number): Promise<Scan | undefined> {
  return db
    .selectFrom('scans')
    .select(columns)
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .executeTakeFirst();
}

export async function listScans(
  db: Db,
  { projectId, status }: { projectId: number; status: Scan['status'] | undefined },
  { limit, offset }: { limit: number; offset: number },
): Promise<{ items: Scan[]; total: number }> {
  let query = db.selectFrom('scans').where('project_id', '=', projectId);
  if (status) query = query.where('status', '=', status);
  const items = await query
    .select(columns)
    .orderBy('id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  const { total } = await query.select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow();
  return { items, total };
}

/** The newest scan that was completed, with its scores. */
export async function findLastCompleted(
  db: Db,
  projectId: number,
): Promise<(Scan & { scores: Scores | null }) | undefined> {
  return db
    .selectFrom('scans')
    .select(columns)
    .select('scores')
    .where('project_id', '=', projectId)
    .where('status', '=', 'completed')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Makes the oldest queued scan run, for this caller alone. */
export async function takeNext(db: Db): Promise<Scan | undefined> {
  return db
    .updateTable('scans')
    .set({ status: 'running', stage: 'walking', started_at: new Date() })
    .where('id', '=', ({ selectFrom }) =>
      selectFrom('scans')
        .select('id')
        .where('status', '=', 'queued')
        .orderBy('id')
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
    .returning(columns)
    .executeTakeFirst();
}

/** @returns whether it still ran; who is told no stops it */
export async function updateRunning(
  db: Db,
  id: number,
  fields: Partial<Pick<Scan, 'stage' | 'files_found' | 'files_done'>>,
): Promise<boolean> {
  const updated = await db
    .updateTable('scans')
    .set(fields)
    .where('id', '=', id)
    .where('status', '=', 'running')
    .returning('id')
    .executeTakeFirst();
  return updated !== undefined;
}

/** Puts what ran back into the line: the server that ran it has ended. */
export async function requeue(db: Db, ids?: number[]): Promise<void> {
  let query = db
    .updateTable('scans')
    .set({ status: 'queued', stage: 'waiting', started_at: null, files_done: 0 })
    .where('status', '=', 'running');
  if (ids) query = query.where('id', 'in', ids);
  await query.execute();
}

/** Ends a scan that has not ended yet. @returns it, or `undefined` when it had */
export async function endScan(
  db: Db,
  id: number,
  { changes, scores, ...fields }: EndedFields,
): Promise<Scan | undefined> {
  return db
    .updateTable('scans')
    .set({
      ...fields,
      stage: null,
      finished_at: new Date(),
      ...(changes && { changes: JSON.stringify(changes) }),
      ...(scores && { scores: JSON.stringify(scores) }),
    })
    .where('id', '=', id)
    .where('status', 'in', ['queued', 'running'])
    .returning(columns)
    .executeTakeFirst();
}

export interface EndedFields
  extends Partial<
    Pick<
      Scan,
      | 'status_reason'
      | 'files_found'
      | 'files_done'
      | 'files_read'
      | 'truncated'
      | 'lines_of_code'
      | 'errors_found'
      | 'health_score'
      | 'vibe_score'
      | 'eco_score'
      | 'commit'
      | 'changes'
    >
  > {
  status: 'completed' | 'failed' | 'cancelled';
  scores?: Scores;
}

/** Deletes all but the newest `keep` of a project; the checks are kept of the newest alone. */
export async function pruneScans(db: Db, projectId: number, keep: number): Promise<void> {
  await db
    .deleteFrom('scans')
    .where('project_id', '=', projectId)
    .where('id', 'not in', ({ selectFrom }) =>
      selectFrom('scans')
        .select('id')
        .where('project_id', '=', projectId)
        .orderBy('id', 'desc')
        .limit(keep),
    )
    .execute();
}

/** Projects that were not scanned since, and are not being scanned. */
export async function listStale(db: Db, before: Date, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('projects')
    .select('id')
    .where('is_active', '=', true)
    .where('scan_status', 'not in', ['queued', 'running', 'not_scanned', 'path_missing'])
    .where('last_scan_at', '<', sql<string>`${before}`)
    .orderBy('last_scan_at')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}
