import { restingReason } from './resting-reason.ts';
import { pruneRevisions, stopUnserved } from './retire.ts';
import * as revisionStore from './revision-store.ts';
import type { Instance } from './runtime.ts';
import type * as store from './store.ts';
import { record, type Worker } from './worker.ts';

/**
 * Carries out the wish to call a release off: what it has made is removed, what serves goes on. If
 * that is gone meanwhile, the supervisor starts it anew, as it does at any time.
 */
export async function goOn(worker: Worker, row: store.DeploymentRow): Promise<void> {
  const { db, runtime, router } = worker;
  const { id, port, active_revision, active_generation } = row;
  if (active_revision === null || active_generation === null) {
    throw new Error(`deployment ${id} has nothing to go on with`);
  }
  const own = (await runtime.list()).filter(({ deploymentId }) => deploymentId === id);
  const active = own.find(({ generation }) => generation === active_generation);
  // A release that is called off in the moment of its switch has the visitors already.
  await router.route({ deploymentId: id, port, target: active?.address ?? null });
  // Older ones have visitors who may take their time: the supervisor stops those.
  const newer = own.filter(({ generation }) => generation > active_generation);
  await Promise.all(newer.map((instance) => removeCalledOff(worker, instance)));
  const revision = await revisionStore.getRevision(db, id, active_revision);
  await record(worker, row, {
    status: 'running',
    status_reason: restingReason(runtime, revision),
    failure_code: null,
    stage: null,
    settled_generation: row.generation,
  });
  await pruneRevisions(worker, id).catch((error) =>
    worker.log.warn({ err: error, deployment: id }, 'what was called off was not all removed'),
  );
}

async function removeCalledOff(worker: Worker, instance: Instance): Promise<void> {
  const { router, deadlines } = worker;
  if (instance.address) {
    await router.drain(instance.deploymentId, instance.address, deadlines.grace);
  }
  await stopUnserved(worker, instance);
}
