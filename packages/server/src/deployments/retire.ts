import { rm } from 'node:fs/promises';
import { systemActor } from '../caller.ts';
import { transaction } from '../database/transaction.ts';
import { appendEvent } from '../events/append.ts';
import * as revisionStore from './revision-store.ts';
import type { Instance } from './runtime.ts';
import * as store from './store.ts';
import { nothingServes, record, type Worker } from './worker.ts';

/** How many builds of a deployment are kept, to go back to: that which serves is one of them. */
export const keptBuilds = 3;
const unservedGraceMs = 1_000;
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

/**
 * Stops an instance that never was the one that serves: it has little to bring to an end, and who
 * called it off waits for that.
 */
export async function stopUnserved(
  { runtime, deadlines }: Worker,
  { name }: Instance,
): Promise<void> {
  await runtime.stop(name, Math.min(deadlines.grace, unservedGraceMs));
}

/**
 * Removes what revisions were built to, but for what serves, what is wanted, and the last builds
 * that served; and in time all that is known of old revisions.
 */
export async function pruneRevisions(worker: Worker, deploymentId: number): Promise<void> {
  const { db, runtime, files } = worker;
  const row = await store.findRow(db, deploymentId);
  if (!row) return;
  const revisions = await revisionStore.listBuilds(db, deploymentId);
  const isInUse = (number: number) =>
    number === row.active_revision || number === row.wanted_revision;
  const kept = keptArtifacts(revisions, isInUse);
  const removed = new Set<string>();
  for (const { number, artifact } of revisions) {
    if (artifact === null || kept.has(artifact)) continue;
    // Several revisions may have one build: those that were rolled back to it.
    if (!removed.has(artifact)) await runtime.removeArtifact(artifact);
    removed.add(artifact);
    await revisionStore.updateRevision(db, deploymentId, number, { artifact: null });
  }
  const oldest = (revisions[0]?.number ?? 0) - keptRevisions;
  for (const { number, artifact } of revisions) {
    const isBuilt = artifact !== null && kept.has(artifact);
    if (number > oldest || isBuilt || isInUse(number)) continue;
    await rm(files.build(deploymentId, number), { force: true });
    await revisionStore.deleteRevision(db, deploymentId, number);
  }
}

function keptArtifacts(
  revisions: revisionStore.Build[],
  isInUse: (number: number) => boolean,
): Set<string> {
  const kept = new Set<string>();
  for (const { number, artifact } of revisions) {
    if (artifact !== null && isInUse(number)) kept.add(artifact);
  }
  for (const { artifact, served_at } of revisions) {
    if (kept.size >= keptBuilds) break;
    if (artifact !== null && served_at !== null) kept.add(artifact);
  }
  return kept;
}

/** Takes no new requests, lets those in flight end, and stops all instances. */
async function stopAll(worker: Worker, row: store.DeploymentRow): Promise<void> {
  const { db, runtime, router, deadlines } = worker;
  await record(worker, row, { status: 'stopping', stage: 'letting requests in flight end' });
  // An action's answer waits for this, so requests get less time here than in a redeploy.
  await router.unroute(row.id, deadlines.grace);
  const own = (await runtime.list()).filter(({ deploymentId }) => deploymentId === row.id);
  const served = row.active_generation ?? 0;
  await Promise.all(
    own.map((instance) =>
      instance.generation > served
        ? stopUnserved(worker, instance)
        : runtime.stop(instance.name, deadlines.grace),
    ),
  );
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
  await worker.logs.remove(worker.files.app(row.id));
  await rm(worker.files.directory(row.id), { recursive: true, force: true });
  await transaction(worker.db, async (db) => {
    await store.deleteDeployment(db, row.id);
    const { id, name, project_id, port } = row;
    await appendEvent(db, 'deployment_deleted', { id, name, project_id, port }, systemActor);
  });
}
