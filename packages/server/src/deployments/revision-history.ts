import type { ListResult } from '@borgos/contracts/endpoint';
import type { DeploymentRevision, RevisionStatus } from '@borgos/contracts/revisions';
import type { Db } from '../database/transaction.ts';
import { ReleaseFailure } from '../errors.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { changesOf } from './revision-changes.ts';
import * as revisionStore from './revision-store.ts';
import type { Runtime } from './runtime.ts';
import type * as store from './store.ts';
import { isReleasing } from './wishes.ts';

/** How many before a page are looked through for one that was built, to compare with. */
const lookBack = 20;

/** A deployment's releases, newest first, each with what is otherwise than in the one before. */
export async function listHistory(
  { db, secrets, runtime }: { db: Db; secrets: Secrets; runtime: Runtime },
  row: store.DeploymentRow,
  { limit, offset }: { limit: number; offset: number },
): Promise<ListResult<DeploymentRevision>> {
  const page = { limit: limit + lookBack, offset };
  const { rows, total } = await revisionStore.listRevisions(db, row.id, page);
  const shown = rows.slice(0, limit);
  const there = await artifactsThere(runtime, shown);
  const items = shown.map((revision, index): DeploymentRevision => {
    const status = statusOf(row, revision);
    const { artifact, created_by, number } = revision;
    const isComing = ['queued', 'building', 'starting'].includes(status);
    return {
      number,
      status,
      image: artifact,
      runtime: revision.runtime,
      stack: revision.recipe?.stack ?? null,
      source_commit: revision.source_commit,
      failure_code: revision.failure_code,
      failure_reason: revision.failure_reason,
      // Not the address and the request: those are the audit trail's to show.
      created_by: created_by && {
        credential: created_by.credential,
        user: created_by.user,
        token_id: created_by.token_id,
      },
      rollback_of: revision.rollback_of,
      rolled_back_from: revision.rolled_back_from,
      can_roll_back: artifact !== null && there.has(artifact) && status !== 'serving' && !isComing,
      changes: changesOf(secrets, revision, rows.slice(index + 1)),
      created_at: revision.created_at,
      built_at: revision.built_at,
      served_at: revision.served_at,
    };
  });
  return { items, total };
}

/** What has become of a revision, by what is wished of its deployment and what serves. */
function statusOf(
  row: store.DeploymentRow,
  { number, served_at, failure_code, cancelled_at }: revisionStore.RevisionRow,
): RevisionStatus {
  if (number === row.active_revision) return 'serving';
  if (isReleasing(row) && number === row.wanted_revision) {
    return row.status === 'queued' || row.status === 'building' ? row.status : 'starting';
  }
  if (failure_code !== null) return 'failed';
  if (served_at !== null) return 'retired';
  return cancelled_at === null ? 'superseded' : 'cancelled';
}

/** Those that this runtime has: somebody may have removed one by other means. */
async function artifactsThere(
  runtime: Runtime,
  revisions: revisionStore.RevisionRow[],
): Promise<Set<string>> {
  const own = revisions.filter((revision) => revision.runtime === runtime.name);
  const artifacts = new Set(own.flatMap(({ artifact }) => artifact ?? []));
  const there = new Set<string>();
  for (const artifact of artifacts) {
    const isThere = await runtime.hasArtifact(artifact).catch((error) => {
      if (error instanceof ReleaseFailure && error.code === 'RUNTIME_UNAVAILABLE') return false;
      throw error;
    });
    if (isThere) there.add(artifact);
  }
  return there;
}
