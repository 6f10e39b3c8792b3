import { appendFile, writeFile } from 'node:fs/promises';
import { AppError, ReleaseFailure } from '../errors.ts';
import { lastLines } from './logs.ts';
import { buildName } from './names.ts';
import * as store from './store.ts';
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
): Promise<store.RevisionRow> {
  const { db, runtime } = worker;
  const revision = await store.getRevision(db, row.id, row.wanted_revision);
  if (revision.artifact && revision.recipe && revision.runtime === runtime.name) {
    if (await runtime.hasArtifact(revision.artifact)) return revision;
  }
  await record(worker, row, { status: 'building', stage: 'waiting for other builds' });
  await worker.buildInTurn(() => build(worker, row, signal));
  return store.getRevision(db, row.id, row.wanted_revision);
}

async function build(worker: Worker, row: store.DeploymentRow, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { db, runtime, files, deadlines } = worker;
  const source = await worker.projects.getDirectory({ path: row.project_path }).catch((error) => {
    throw error instanceof AppError ? new ReleaseFailure('SOURCE_MISSING', error.message) : error;
  });
  const recipe = await worker.detectRecipe(source);
  await record(worker, row, { stage: `building with ${runtime.description}` });

  const logFile = files.build(row.id, row.wanted_revision);
  await writeFile(logFile, '');
  let written = Promise.resolve();
  const deadline = AbortSignal.timeout(deadlines.build);
  try {
    const artifact = await runtime.build({
      deploymentId: row.id,
      revision: row.wanted_revision,
      name: nameOfBuild(worker, row),
      source,
      recipe,
      log: (text) => {
        written = written.then(() => appendFile(logFile, text));
      },
      signal: AbortSignal.any([signal, deadline]),
    });
    await store.updateRevision(db, row.id, row.wanted_revision, {
      recipe,
      artifact,
      runtime: runtime.name,
      built_at: new Date(),
    });
  } catch (error) {
    if (deadline.aborted && !signal.aborted) {
      throw new ReleaseFailure(
        'BUILD_TIMEOUT',
        `The build did not end within ${Math.round(deadlines.build / 60_000)} minutes and was cancelled. The end of its output: ${await lastLines(logFile, 0, 5)}`,
      );
    }
    throw error;
  } finally {
    await written.catch((error) =>
      worker.log.warn({ err: error, logFile }, 'the build log is incomplete'),
    );
  }
}
