import { join } from 'node:path';
import { AppError, ReleaseFailure } from '../errors.ts';
import { openBuildLog } from './build-log.ts';
import { lastBuildLines } from './logs.ts';
import { buildName } from './names.ts';
import { readCommit } from './read-commit.ts';
import { redactorOf } from './revision-secrets.ts';
import * as revisionStore from './revision-store.ts';
import type * as store from './store.ts';
import { record, type Worker } from './worker.ts';

/** The name of what the wanted revision is built to. */
export function nameOfBuild(worker: Worker, row: store.DeploymentRow): string {
  return buildName({
    instance: worker.instance,
    project: row.project_name,
    deployment: row.name,
    deploymentId: row.id,
    revision: row.wanted_revision,
  });
}

/** Builds the wanted revision, unless what it was built to is still there. */
export async function ensureBuilt(
  worker: Worker,
  row: store.DeploymentRow,
  signal: AbortSignal,
): Promise<revisionStore.RevisionRow> {
  const { db, runtime } = worker;
  const revision = await revisionStore.getRevision(db, row.id, row.wanted_revision);
  if (revision.artifact && revision.recipe && revision.runtime === runtime.name) {
    if (await runtime.hasArtifact(revision.artifact)) return revision;
  }
  if (revision.rollback_of !== null) throw buildIsGone(revision, runtime.name);
  await record(worker, row, { status: 'building', stage: 'waiting for other builds' });
  await worker.buildInTurn(() => build(worker, row, signal), signal);
  return revisionStore.getRevision(db, row.id, row.wanted_revision);
}

/** The sources of its time are not there to be built again. */
function buildIsGone(
  { rollback_of, runtime }: revisionStore.RevisionRow,
  current: string,
): ReleaseFailure {
  const why =
    runtime === current
      ? 'is no longer on this machine'
      : `was for the runtime ${runtime}, and BorgOS uses ${current} now`;
  return new ReleaseFailure(
    'START_FAILED',
    `The build of revision ${rollback_of} ${why}: deploy again to build the project's directory as it is.`,
  );
}

async function build(worker: Worker, row: store.DeploymentRow, signal: AbortSignal): Promise<void> {
  const { db, runtime, files, deadlines } = worker;
  const source = await worker.projects.getDirectory({ path: row.project_path }).catch((error) => {
    throw error instanceof AppError ? new ReleaseFailure('SOURCE_MISSING', error.message) : error;
  });
  const { root } = await revisionStore.getRevision(db, row.id, row.wanted_revision);
  const recipe = await worker.detectRecipe(source, { root: root ?? undefined });
  const source_commit = await readCommit(source);
  await record(worker, row, { stage: `building with ${runtime.description}` });

  await worker.disk.assertRoom(worker.tidyUp);
  const logFile = files.build(row.id, row.wanted_revision);
  const log = await openBuildLog(logFile);
  const deadline = AbortSignal.timeout(deadlines.build);
  const disk = worker.disk.watch();
  try {
    const artifact = await runtime.build({
      deploymentId: row.id,
      revision: row.wanted_revision,
      name: nameOfBuild(worker, row),
      source: join(source, recipe.root ?? '.'),
      recipe,
      log(text) {
        log.write(text);
        disk.hear(text);
      },
      signal: AbortSignal.any([signal, deadline, disk.signal]),
    });
    await revisionStore.updateRevision(db, row.id, row.wanted_revision, {
      recipe,
      artifact,
      source_commit,
      runtime: runtime.name,
      built_at: new Date(),
    });
  } catch (error) {
    if (deadline.aborted && !signal.aborted) {
      await log.end();
      const output = await lastBuildLines(logFile, 5, await redactorOf(worker, row.id));
      throw new ReleaseFailure(
        'BUILD_TIMEOUT',
        `The build did not end within ${Math.round(deadlines.build / 60_000)} minutes and was cancelled. The end of its output: ${output}`,
      );
    }
    if (signal.aborted) throw error;
    throw disk.signal.aborted ? disk.signal.reason : ((await disk.explain(error)) ?? error);
  } finally {
    disk.end();
    const problem = await log.end();
    if (problem) worker.log.warn({ err: problem, logFile }, 'a build log is incomplete');
  }
}
