import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { parseMemory } from '@borgos/contracts/deployments';
import { ReleaseFailure } from '../errors.ts';
import { ensureBuilt, nameOfBuild } from './build-revision.ts';
import { waitUntilHealthy } from './health-gate.ts';
import { lastAppLines } from './logs.ts';
import { instanceName, volumeEngineName } from './names.ts';
import { hasLimits, restingReason } from './resting-reason.ts';
import { pruneRevisions, removeOthers } from './retire.ts';
import { openRevision, redactorOf } from './revision-secrets.ts';
import * as revisionStore from './revision-store.ts';
import type { Instance, KeptVolume } from './runtime.ts';
import type * as store from './store.ts';
import { record, type Worker } from './worker.ts';

/**
 * Brings the wanted revision up: build → start → healthy → switch → retire what served before.
 * Each step may be repeated after a crash: the build is found by its reference, the instance by its
 * name, the route by its deployment. What served goes on serving until the switch.
 * @throws ReleaseFailure
 */
export async function release(
  worker: Worker,
  row: store.DeploymentRow,
  signal: AbortSignal,
): Promise<void> {
  const { runtime, router } = worker;
  await mkdir(worker.files.directory(row.id), { recursive: true });
  await holdPort(worker, row);
  const revision = await ensureBuilt(worker, row, signal);

  await record(worker, row, { status: 'starting', stage: 'starting the app' });
  const name = instanceName(nameOfBuild(worker, row), row.generation);
  // One that a killed BorgOS had started may have printed why it fails before this try.
  const isStarted = (await runtime.find(name)) !== undefined;
  const logStart = isStarted ? 0 : (await worker.logs.bounds(worker.files.app(row.id))).end;
  const started = await start(worker, row, revision, name, signal).catch((error) =>
    withOutput(worker, row, name, logStart, error),
  );

  await record(worker, row, { stage: 'waiting until the app is healthy' });
  const healthy = await waitUntilHealthy(worker, started, {
    path: revision.health_check_path ?? revision.recipe?.healthCheckPath ?? null,
    settle: settleOf(worker, row, revision),
    signal,
  }).catch((error) => withOutput(worker, row, name, logStart, error));

  const target = healthy.address;
  if (!target) throw new ReleaseFailure('EXITED', 'The app ended right after it was healthy.');
  await router.route({ deploymentId: row.id, port: row.port, target });
  await record(
    worker,
    row,
    {
      status: 'running',
      status_reason: restingReason(runtime, revision),
      failure_code: null,
      stage: null,
      settled_generation: row.generation,
      active_revision: row.wanted_revision,
      active_generation: row.generation,
      container_id: healthy.containerId,
      process_id: healthy.processId,
      runtime: runtime.name,
      limits_enforced: hasLimits(revision) ? runtime.limits.enforced : null,
      restarts: 0,
      started_at: healthy.startedAt ?? new Date(),
      stopped_at: null,
      observed_at: new Date(),
    },
    (db) =>
      revisionStore.updateRevision(db, row.id, row.wanted_revision, {
        failure_code: null,
        failure_reason: null,
        cancelled_at: null,
        ...(revision.served_at === null && { served_at: new Date() }),
      }),
  );
  // It serves: nothing that fails from here on may undo that. What is left, the supervisor stops,
  // and the next release prunes.
  const tidied = tidy(worker, row, name, signal).catch((error) =>
    worker.log.warn({ err: error, deployment: row.id }, 'old releases were not all removed'),
  );
  // Visitors of the old release may take their time, which a newer wish does not wait for.
  await Promise.race([tidied, aborted(signal)]);
}

/** For how long it must stay healthy before it takes over, in milliseconds. */
function settleOf(
  { deadlines }: Worker,
  row: store.DeploymentRow,
  { rollback_of, served_at }: revisionStore.RevisionRow,
): number {
  // Nobody loses anything when the first release gets visitors at once.
  if (row.active_generation === null) return 0;
  return rollback_of === null && served_at === null ? deadlines.settle : deadlines.settleAgain;
}

async function tidy(
  worker: Worker,
  row: store.DeploymentRow,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  await removeOthers(worker, row.id, name);
  // The newer wish may be for what would be removed; its own release prunes.
  if (!signal.aborted) await pruneRevisions(worker, row.id);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/** Binds the port before anything is built, as the proxy's bind decides whether it can be had. */
async function holdPort({ router }: Worker, row: store.DeploymentRow): Promise<void> {
  const known = (await router.list()).find(({ deploymentId }) => deploymentId === row.id);
  if (known && !known.problem) return;
  await router.route({ deploymentId: row.id, port: row.port, target: known?.target ?? null });
}

async function start(
  worker: Worker,
  row: store.DeploymentRow,
  revision: revisionStore.RevisionRow,
  name: string,
  signal: AbortSignal,
): Promise<Instance> {
  if (!revision.artifact || !revision.recipe) throw new Error(`${name} was not built`);
  const volumes = await claimVolumes(worker, row, revision);
  return worker.runtime.start(
    {
      name,
      deploymentId: row.id,
      revision: row.wanted_revision,
      generation: row.generation,
      artifact: revision.artifact,
      recipe: revision.recipe,
      // Of one name that is in several, secrets win.
      environment: {
        ...revision.recipe.environment,
        ...revision.environment,
        ...openRevision(worker.secrets, revision),
      },
      cpus: revision.cpu_limit === null ? null : Number(revision.cpu_limit),
      memory: revision.memory_limit === null ? null : parseMemory(revision.memory_limit),
      volumes,
      logFile: worker.files.app(row.id),
    },
    signal,
  );
}

/** Its volumes are recorded before they are made, so that none is ever there that nobody knows of. */
function claimVolumes(
  { instance, volumes }: Worker,
  row: store.DeploymentRow,
  revision: revisionStore.RevisionRow,
): Promise<KeptVolume[]> {
  const { id: deployment_id, name: deployment_name, project_id, project_name } = row;
  const owner = { deployment_id, deployment_name, project_id, project_name };
  const mounts = revision.volumes ?? revision.recipe?.volumes ?? [];
  const named = mounts.map((mount) => ({
    ...mount,
    engine_name: volumeEngineName({
      instance,
      project: project_name,
      deployment: deployment_name,
      deploymentId: deployment_id,
      name: mount.name,
    }),
  }));
  return volumes.claim(owner, named, revision.created_by);
}

/** Stops what failed, so that its output is complete, and adds the end of that to the reason. */
async function withOutput(
  worker: Worker,
  row: store.DeploymentRow,
  name: string,
  logStart: number,
  error: unknown,
): Promise<never> {
  if (!(error instanceof ReleaseFailure)) throw error;
  // If that fails, the output may lack its end; why the release failed is still this error.
  await worker.runtime
    .stop(name, 0)
    .catch((stopError) => worker.log.warn({ err: stopError, name }, 'could not be stopped yet'));
  const redactor = await redactorOf(worker, row.id);
  const output = await lastAppLines(worker, row.id, { start: logStart, count: 15 }, redactor);
  const message = output ? `${error.message}\nThe end of its output:\n${output}` : error.message;
  throw new ReleaseFailure(error.code, message, { cause: error });
}
