import type { Actor } from '@borgos/contracts/caller';
import type { DeploymentStatus } from '@borgos/contracts/deployments';
import type { Db } from '../database/transaction.ts';
import { AppError, notFound, ReleaseFailure } from '../errors.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { keptBuilds } from './retire.ts';
import { nextSecrets } from './revision-secrets.ts';
import * as revisionStore from './revision-store.ts';
import type { Runtime } from './runtime.ts';
import * as store from './store.ts';
import { type Acting, act, assertStays, isReleasing, queuedToRun, statusAfter } from './wishes.ts';

interface Options {
  acting: Acting;
  actor: Actor;
  secrets: Secrets;
  runtime: Runtime;
}

export interface RolledBack {
  status: DeploymentStatus;
  /** The new revision. */
  revision: number;
  /** The one that it repeats. */
  target: number;
}

/**
 * Durably asks for a new revision that repeats an older one, and waits as any action does. Only what
 * is kept of the older one is used, so that neither its sources nor a network are needed.
 * @throws AppError NOT_FOUND, CONFLICT, PORT_IN_USE, DEPLOYMENT_FAILED
 */
export async function rollBack(
  options: Options,
  id: number,
  wanted: number | undefined,
): Promise<RolledBack> {
  const { acting, runtime, actor } = options;
  const before = await store.findRow(acting.db, id);
  if (!before) throw notFound('Deployment', id);
  assertStays(before);
  // Before the transaction, as it asks an engine; if it goes in between, the release fails for it.
  await assertThere(runtime, id, await chooseBuild(acting.db, runtime, before, wanted));

  let made = { revision: 0, target: 0 };
  const acted = await act(acting, { id, actor }, async (db, row) => {
    assertStays(row);
    const { number: target } = await chooseBuild(db, runtime, row, wanted);
    await store.insertLease(db, row.port, id);
    const revision = await repeat(options, db, row, target);
    made = { revision, target };
    return { ...queuedToRun, wanted_revision: revision };
  });
  const status = statusAfter(acted, id);
  const isOver = status === 'running' || status === 'stopped';
  if (isOver && acted.deployment?.revision !== made.revision) {
    throw new AppError(
      'CONFLICT',
      `The rollback of deployment ${id} to revision ${made.target} was overtaken by a newer request; the deployment is ${status} in revision ${acted.deployment?.revision}`,
    );
  }
  return { status, ...made };
}

/** Adds a revision that has another's build and settings, and returns its number. */
async function repeat(
  { secrets, actor }: Options,
  db: Db,
  row: store.DeploymentRow,
  target: number,
): Promise<number> {
  const { id } = row;
  const [newest] = await revisionStore.listBuilds(db, id);
  const number = (newest?.number ?? 0) + 1;
  const old = await revisionStore.getRevision(db, id, target);
  const { artifact, recipe, runtime, built_at, source_commit } = old;
  await revisionStore.insertRevision(
    db,
    { deploymentId: id, number },
    old,
    // Each is sealed for its place.
    nextSecrets(secrets, old, { id, number }),
    actor,
    {
      artifact,
      recipe,
      runtime,
      built_at,
      source_commit,
      rollback_of: target,
      rolled_back_from: row.active_revision,
    },
  );
  return number;
}

async function chooseBuild(
  db: Db,
  runtime: Runtime,
  row: store.DeploymentRow,
  wanted: number | undefined,
): Promise<revisionStore.Build> {
  const builds = await revisionStore.listBuilds(db, row.id);
  const build = wanted === undefined ? beforeActive(builds, row) : named(builds, row, wanted);
  const { number } = build;
  const what = `Revision ${number} of deployment ${row.id}`;
  if (isReleasing(row) && number === row.wanted_revision) {
    throw new AppError('CONFLICT', `${what} is being released just now: wait for it`);
  }
  if (number === row.active_revision) {
    const instead = isReleasing(row)
      ? `to keep it, cancel the newer release with POST /api/v1/deployments/${row.id}/cancel`
      : `to start it anew, use POST /api/v1/deployments/${row.id}/restart`;
    throw new AppError('CONFLICT', `${what} is the one that serves: ${instead}`);
  }
  if (build.artifact === null)
    throw new AppError('CONFLICT', `${what} ${whyNotBuilt(row.id, build)}`);
  if (build.runtime !== runtime.name) {
    throw new AppError(
      'CONFLICT',
      `${what} was built for the runtime ${build.runtime}, and BorgOS uses ${runtime.name} now: deploy again to build it for that`,
    );
  }
  return build;
}

/** The last one that served before the one that does, or else before the last that did. */
function beforeActive(
  builds: revisionStore.Build[],
  row: store.DeploymentRow,
): revisionStore.Build {
  const served = builds.filter(({ served_at }) => served_at !== null);
  const last = row.active_revision ?? served[0]?.number ?? 0;
  const build = served.find(({ number }) => number < last);
  if (build) return build;
  throw new AppError(
    'CONFLICT',
    `Deployment ${row.id} has no revision that served before: deploy again instead`,
  );
}

function named(
  builds: revisionStore.Build[],
  { id }: store.DeploymentRow,
  wanted: number,
): revisionStore.Build {
  const build = builds.find(({ number }) => number === wanted);
  if (build) return build;
  throw new AppError(
    'NOT_FOUND',
    `Revision ${wanted} of deployment ${id} not found: there are ${builds.at(-1)?.number} to ${builds[0]?.number}`,
  );
}

function whyNotBuilt(id: number, { served_at, failure_code }: revisionStore.Build): string {
  if (served_at !== null) {
    return `is no longer kept: only the last ${keptBuilds} builds that served are. Bring the project's directory to what it was then, and deploy again`;
  }
  const why = failure_code === null ? 'was never built' : `failed (${failure_code})`;
  return `${why}, so there is nothing to go back to: choose one whose can_roll_back is true in GET /api/v1/deployments/${id}/revisions`;
}

async function assertThere(
  runtime: Runtime,
  id: number,
  { number, artifact }: revisionStore.Build,
): Promise<void> {
  const isThere = await runtime.hasArtifact(artifact ?? '').catch((error) => {
    // An engine that is away is waited for in the release, as in any other.
    if (error instanceof ReleaseFailure && error.code === 'RUNTIME_UNAVAILABLE') return true;
    throw error;
  });
  if (isThere) return;
  throw new AppError(
    'CONFLICT',
    `The build of revision ${number} of deployment ${id} was removed from this machine by somebody else. Bring the project's directory to what it was then, and deploy again`,
  );
}
