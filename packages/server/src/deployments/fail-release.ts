import type { ReleaseFailure } from '../errors.ts';
import { nameOfBuild } from './build-revision.ts';
import { instanceName } from './names.ts';
import * as store from './store.ts';
import { record, type Worker } from './worker.ts';

/**
 * Undoes what a failed release made and records why it failed. When an older release serves, it
 * goes on: the deployment is `running`, and its reason says what did not replace it.
 */
export async function failRelease(
  worker: Worker,
  row: store.DeploymentRow,
  failure: ReleaseFailure,
): Promise<void> {
  const { runtime, router } = worker;
  const number = row.wanted_revision;
  const serves = row.active_generation !== null;
  const { artifact, served_at } = await store.getRevision(worker.db, row.id, number);
  const isUseless = artifact !== null && served_at === null;
  try {
    await runtime.stop(instanceName(nameOfBuild(worker, row), row.generation), 0);
    if (isUseless) await runtime.removeArtifact(artifact);
    if (!serves) await router.unroute(row.id, 0);
  } catch (error) {
    // The failure is recorded all the same; the supervisor removes what is left when it can.
    worker.log.warn({ err: error, deployment: row.id }, 'a failed release was not cleaned up');
  }
  const reason = serves
    ? `Revision ${number} failed: ${failure.message}\nRevision ${row.active_revision} still serves.`
    : failure.message;
  await record(
    worker,
    row,
    {
      status: serves ? 'running' : 'failed',
      status_reason: reason,
      failure_code: failure.code,
      stage: null,
      settled_generation: row.generation,
      ...(!serves && { container_id: null, process_id: null }),
    },
    async (db) => {
      await store.updateRevision(db, row.id, number, {
        failure_code: failure.code,
        failure_reason: failure.message,
        ...(isUseless && { artifact: null }),
      });
      if (!serves) await store.deleteLease(db, row.id);
    },
  );
}
