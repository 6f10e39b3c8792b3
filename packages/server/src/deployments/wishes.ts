import type { Actor } from '@borgos/contracts/caller';
import type { Deployment, DeploymentStatus } from '@borgos/contracts/deployments';
import { systemActor } from '../caller.ts';
import type { Db } from '../database/transaction.ts';
import { transaction } from '../database/transaction.ts';
import { AppError, notFound } from '../errors.ts';
import type { EventFeed } from '../events/feed.ts';
import type { Jobs } from '../jobs/jobs.ts';
import * as revisionStore from './revision-store.ts';
import * as store from './store.ts';
import { tell } from './worker.ts';

/** The queue whose jobs carry wishes out. */
export const queue = 'deployments';

/** Asks for a deployment to be brought to what is wished of it, once the transaction commits. */
export async function enqueue(jobs: Jobs, db: Db, id: number): Promise<void> {
  await jobs.enqueue(db, queue, String(id), { id });
}

/**
 * Records a newer wish, which drops whatever is being done for an older one, and returns its
 * generation. The caller holds the row (see lockRow).
 */
export async function wish(
  jobs: Jobs,
  db: Db,
  row: store.DeploymentRow,
  fields: store.DeploymentFields,
  actor: Actor,
): Promise<number> {
  const generation = row.generation + 1;
  const endsRelease = fields.desired === 'stopped' || fields.desired === 'deleted';
  if (isReleasing(row) && (endsRelease || fields.keeps_release)) {
    await revisionStore.markCancelled(db, row.id, row.wanted_revision);
  }
  const changed = await store.updateDeployment(db, row.id, {
    keeps_release: false,
    ...fields,
    generation,
    wished_at: new Date(),
  });
  if (!changed) throw notFound('Deployment', row.id);
  await enqueue(jobs, db, row.id);
  await tell(db, changed, row.status, actor);
  return generation;
}

/** Wishes that a deployment whose instance is gone is started anew. */
export async function wishHealed(
  jobs: Jobs,
  db: Db,
  { id, generation }: store.DeploymentRow,
  reason: string,
): Promise<void> {
  await transaction(db, async (db) => {
    const row = await store.lockRow(db, id);
    if (row?.generation !== generation || row.active_revision === null) return;
    const fields = {
      status: 'starting',
      status_reason: reason,
      wanted_revision: row.active_revision,
      active_generation: null,
      active_revision: null,
    } as const;
    await wish(jobs, db, row, fields, systemActor);
  });
}

/** Whether something is being brought up right now. */
export function isReleasing(row: store.DeploymentRow): boolean {
  return row.desired === 'running' && !row.keeps_release && row.settled_generation < row.generation;
}

/** The wish to run, before anything is known of how it goes. */
export const queuedToRun = {
  desired: 'running',
  status: 'queued',
  status_reason: null,
  failure_code: null,
} as const;

/** The wish to stop. */
export const stopped = {
  desired: 'stopped',
  status: 'stopping',
  status_reason: null,
  failure_code: null,
} as const;

/**
 * The wish to call off what is being brought up: what serves goes on as it is, and where nothing
 * does, the deployment is stopped. `undefined`: there is nothing to call off.
 */
export function callOff(row: store.DeploymentRow): store.DeploymentFields | undefined {
  if (!isReleasing(row)) return undefined;
  if (row.active_revision === null) return stopped;
  return {
    status: 'running',
    status_reason: null,
    failure_code: null,
    stage: 'cancelling the release',
    wanted_revision: row.active_revision,
    keeps_release: true,
  };
}

/** The wish to run what runs or ran, or else what was wanted. Takes the port back if it was free. */
export async function runAgain(db: Db, row: store.DeploymentRow): Promise<store.DeploymentFields> {
  await store.insertLease(db, row.port, row.id);
  const revisions = await revisionStore.listBuilds(db, row.id);
  const built = revisions.find(({ artifact }) => artifact !== null)?.number;
  return {
    ...queuedToRun,
    wanted_revision: row.active_revision ?? built ?? row.wanted_revision,
  };
}

/** What an action is carried out with. */
export interface Acting {
  db: Db;
  jobs: Jobs;
  feed: EventFeed;
  /** For how long its answer waits, in milliseconds. */
  waitMs: number;
}

interface Acted {
  deployment: Deployment | undefined;
  wished: boolean;
}

/**
 * Records the wish that `fieldsFor` makes (`undefined`: there is nothing to do) and waits, at most
 * `waitMs`, until it is carried out. Returns the deployment as it is then, if it still is, and
 * whether anything was wished.
 */
export async function act(
  { db, jobs, feed, waitMs }: Acting,
  { id, actor }: { id: number; actor: Actor },
  fieldsFor: (db: Db, row: store.DeploymentRow) => Promise<store.DeploymentFields | undefined>,
): Promise<Acted> {
  const { generation, wished } = await transaction(db, async (db) => {
    const row = await store.lockRow(db, id);
    if (!row) throw notFound('Deployment', id);
    const fields = await fieldsFor(db, row);
    if (!fields) return { generation: row.generation, wished: false };
    return { generation: await wish(jobs, db, row, fields, actor), wished: true };
  });
  await untilSettled({ db, feed, waitMs }, id, generation);
  return { deployment: await store.findDeployment(db, id), wished };
}

/**
 * The status that an action has come to.
 * @throws AppError NOT_FOUND, DEPLOYMENT_FAILED
 */
export function statusAfter({ deployment, wished }: Acted, id: number): DeploymentStatus {
  if (!deployment) throw notFound('Deployment', id);
  const { status, status_reason, failure_code } = deployment;
  // Where nothing was wished, it is the failure of an earlier release that is still shown.
  if (failure_code && wished) {
    throw new AppError('DEPLOYMENT_FAILED', status_reason ?? `Deployment ${id} failed`);
  }
  return status;
}

/** Refuses what is asked of a deployment that is on its way out. */
export function assertStays({ id, name, desired }: store.DeploymentRow): void {
  if (desired !== 'deleted') return;
  throw new AppError('CONFLICT', `Deployment ${id} "${name}" is being deleted`);
}

/** Resolves when a wish has been carried out, has failed, or when the time is over. */
async function untilSettled(
  { db, feed, waitMs }: { db: Db; feed: EventFeed; waitMs: number },
  id: number,
  generation: number,
): Promise<void> {
  const { promise: settled, resolve, reject } = Promise.withResolvers<void>();
  const look = () =>
    void store.findRow(db, id).then((row) => {
      if (!row || row.settled_generation >= generation) resolve();
    }, reject);
  const unsubscribe = feed.subscribe((event) => {
    const isAbout = event.type === 'deployment_status' || event.type === 'deployment_deleted';
    if (isAbout && event.data.id === id) look();
  });
  const timer = setTimeout(resolve, waitMs);
  try {
    look();
    await settled;
  } finally {
    clearTimeout(timer);
    unsubscribe();
  }
}
