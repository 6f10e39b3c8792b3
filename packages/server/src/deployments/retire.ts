import { rm } from 'node:fs/promises';
import { transaction } from '../database/transaction.ts';
import { appendEvent } from '../events/append.ts';
import type { Instance } from './runtime.ts';
import * as store from './store.ts';
import { record, type Worker } from './worker.ts';

/** How many revisions of a deployment are kept built, to go back to. */
const keptRevisions = 3;

/** Stops every instance of a deployment but that of one generation, once its requests are done. */
export async function removeOthers(
  worker: Worker,
  deploymentId: number,
  generation: number,
): Promise<void> {
  const others = (await worker.runtime.list()).filter(
    (instance) => instance.deploymentId === deploymentId && instance.generation !== generation,
  );
  await Promise.all(others.map((instance) => retireInstance(worker, instance)));
}

/** Stops an instance that visitors are not sent to any more, once its requests are done. */
export async function retireInstance(
  { runtime, router, deadlines }: Worker,
  { name, deploymentId, address }: Instance,
): Promise<void> {
  if (address) await router.drain(deploymentId, address, deadlines.drain);
  await runtime.stop(name, deadlines.grace);
}

/** Removes what old revisions were built to. `revisions`: newest first. */
export async function pruneArtifacts(
  { db, runtime }: Worker,
  revisions: store.RevisionRow[],
  active: number,
): Promise<void> {
  const old = revisions
    .filter(({ artifact }) => artifact !== null)
    .slice(keptRevisions)
    .filter(({ number }) => number !== active);
  for (const { deployment_id, number, artifact } of old) {
    if (artifact) await runtime.removeArtifact(artifact);
    await store.updateRevision(db, deployment_id, number, { artifact: null });
  }
}

/** Takes no new requests, lets those in flight end, and stops all instances. */
async function stopAll(worker: Worker, row: store.DeploymentRow): Promise<void> {
  const { runtime, router, deadlines } = worker;
  await record(worker, row, { status: 'stopping', stage: 'letting requests in flight end' });
  // An action's answer waits for this, so requests get less time here than in a redeploy.
  await router.unroute(row.id, deadlines.grace);
  const own = (await runtime.list()).filter(({ deploymentId }) => deploymentId === row.id);
  await Promise.all(own.map(({ name }) => runtime.stop(name, deadlines.grace)));
}

const nothingServes = {
  stage: null,
  failure_code: null,
  active_revision: null,
  active_generation: null,
  container_id: null,
  process_id: null,
};

/** Carries out the wish to stop. */
export async function halt(worker: Worker, row: store.DeploymentRow): Promise<void> {
  await stopAll(worker, row);
  await record(worker, row, {
    ...nothingServes,
    status: 'stopped',
    status_reason: null,
    settled_generation: row.generation,
    stopped_at: new Date(),
  });
}

/** Carries out the wish to delete: nothing of the deployment is left but its events. */
export async function erase(worker: Worker, row: store.DeploymentRow): Promise<void> {
  await stopAll(worker, row);
  for (const { artifact } of await store.listRevisions(worker.db, row.id)) {
    if (artifact) await worker.runtime.removeArtifact(artifact);
  }
  await rm(worker.files.directory(row.id), { recursive: true, force: true });
  await transaction(worker.db, async (db) => {
    await store.deleteDeployment(db, row.id);
    const { id, name, project_id, port } = row;
    await appendEvent(db, 'deployment_deleted', { id, name, project_id, port });
  });
}
