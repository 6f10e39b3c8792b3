import { type ReleaseFailure, storable } from '../errors.ts';
import { nameOfBuild } from './build-revision.ts';
import { instanceName } from './names.ts';
import { pruneRevisions } from './retire.ts';
import { redactorOf } from './revision-secrets.ts';
import * as revisionStore from './revision-store.ts';
import * as store from './store.ts';
import { nothingServes, record, type Worker } from './worker.ts';

/**
 * Undoes what a failed release made and records why it failed. When an older release serves, it
 * goes on: the deployment is `running`, and its reason says what did not replace it.
 */
export async function failRelease(
  worker: Worker,
  row: store.DeploymentRow,
  failure: ReleaseFailure,
): Promise<void> {
  const number = row.wanted_revision;
  // It quotes what programs print, and so does not have to be asked whether it did.
  const reason = storable((await redactorOf(worker, row.id)).text(failure.message));
  // Read anew, under the guard of the generation, before anything is destroyed.
  const current = await record(worker, row, { stage: 'undoing what failed' });
  if (current.settled_generation >= row.generation) return;
  const serves = await isServing(worker, current);
  const wasRemoved = await undo(worker, row, serves).catch((error) => {
    // The failure is recorded all the same; the supervisor stops what is left when it can.
    worker.log.warn({ err: error, deployment: row.id }, 'a failed release was not cleaned up');
    return false;
  });
  await record(
    worker,
    row,
    {
      status: serves ? 'running' : 'failed',
      status_reason: serves
        ? `Revision ${number} failed: ${reason}\nRevision ${current.active_revision} still serves.`
        : reason,
      failure_code: failure.code,
      stage: null,
      settled_generation: row.generation,
      ...(!serves && nothingServes),
    },
    async (db) => {
      await revisionStore.updateRevision(db, row.id, number, {
        failure_code: failure.code,
        failure_reason: reason,
        ...(wasRemoved && { artifact: null }),
      });
      if (!serves) await store.deleteLease(db, row.id);
    },
  );
  await pruneRevisions(worker, row.id);
}

/** What is recorded may be gone, as when a stop was overtaken half-way. */
async function isServing(
  { runtime }: Worker,
  { id, active_generation }: store.DeploymentRow,
): Promise<boolean> {
  if (active_generation === null) return false;
  const instances = await runtime.list().catch(() => undefined);
  if (!instances) return true;
  return instances.some(
    ({ deploymentId, generation }) => deploymentId === id && generation === active_generation,
  );
}

/** Returns whether it has no build any more: what never served is of no use. */
async function undo(worker: Worker, row: store.DeploymentRow, serves: boolean): Promise<boolean> {
  const { runtime, router, db } = worker;
  if (!serves) await router.unroute(row.id, 0);
  await runtime.stop(instanceName(nameOfBuild(worker, row), row.generation), 0);
  const { artifact, served_at } = await revisionStore.getRevision(db, row.id, row.wanted_revision);
  if (artifact === null || served_at !== null) return false;
  const builds = await revisionStore.listBuilds(db, row.id);
  const isShared = builds.some(
    (build) => build.number !== row.wanted_revision && build.artifact === artifact,
  );
  // A rollback has the build of an older revision, which may be gone back to another time.
  if (!isShared) await runtime.removeArtifact(artifact);
  return true;
}
