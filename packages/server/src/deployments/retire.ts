import { rm } from 'node:fs/promises';
import { systemActor } from '../caller.ts';
import { transaction } from '../database/transaction.ts';
import { appendEvent } from '../events/append.ts';
import * as revisionStore from './revision-store.ts';
import type { Instance } from './runtime.ts';
import * as store from './store.ts';
import { nothingServes, record, type Worker } from './worker.ts';

/** How many revisions of a deployment are kept built, to go back to. */
const keptBuilds = 3;
/** How many are kept to be read about, with their build logs. */
const keptRevisions = 20;

/** Stops every instance of a deployment but one, once its requests are done. */
export async function removeOthers(
  worker: Worker,
  deploymentId: number,
  name: string,
): Promise<void> {
  const others = (await worker.runtime.list()).filter(
    (instance) => instance.deploymentId === deploymentId && instance.name !== name,
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

/** Removes what old revisions were built to, and in time all that is known of them. */
export async function pruneRevisions(
  { db, runtime, files }: Worker,
  deploymentId: number,
  active: number,
): Promise<void> {
  const revisions = await revisionStore.listBuilds(db, deploymentId);
  const built = revisions.filter(({ artifact }) => artifact !== null);
  for (const { number, artifact } of built.slice(keptBuilds)) {
    if (artifact === null || number === active) continue;
    await runtime.removeArtifact(artifact);
    await revisionStore.updateRevision(db, deploymentId, number, { artifact: null });
  }
  const [newest] = revisions;
  const oldest = (newest?.number ?? 0) - keptRevisions;
  for (const { number, artifact } of revisions) {
    if (number > oldest || artifact !== null || number === active) continue;
    await rm(files.build(deploymentId, number), { force: true });
    await revisionStore.deleteRevision(db, deploymentId, number);
  }
}

/** Takes no new requests, lets those in flight end, and stops all instances. */
async function stopAll(worker: Worker, row: store.DeploymentRow): Promise<void> {
  const { db, runtime, router, deadlines } = worker;
  await record(worker, row, { status: 'stopping', stage: 'letting requests in flight end' });
  // An action's answer waits for this, so requests get less time here than in a redeploy.
  await router.unroute(row.id, deadlines.grace);
  const own = (await runtime.list()).filter(({ deploymentId }) => deploymentId === row.id);
  await Promise.all(own.map(({ name }) => runtime.stop(name, deadlines.grace)));
  // Whatever is wished by now: this is what is.
  await store.updateDeployment(db, row.id, nothingServes);
}

/** Carries out the wish to stop. */
export async function halt(worker: Worker, row: store.DeploymentRow): Promise<void> {
  await stopAll(worker, row);
  await record(worker, row, {
    status: 'stopped',
    status_reason: null,
    failure_code: null,
    stage: null,
    settled_generation: row.generation,
    stopped_at: new Date(),
  });
}

/** Carries out the wish to delete: nothing of the deployment is left but its events. */
export async function erase(worker: Worker, row: store.DeploymentRow): Promise<void> {
  await stopAll(worker, row);
  for (const { artifact } of await revisionStore.listBuilds(worker.db, row.id)) {
    if (artifact !== null) await worker.runtime.removeArtifact(artifact);
  }
  await rm(worker.files.directory(row.id), { recursive: true, force: true });
  await transaction(worker.db, async (db) => {
    await store.deleteDeployment(db, row.id);
    const { id, name, project_id, port } = row;
    await appendEvent(db, 'deployment_deleted', { id, name, project_id, port }, systemActor);
  });
}
