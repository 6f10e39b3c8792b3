import { setTimeout as sleep } from 'node:timers/promises';
import { transaction } from '../database/transaction.ts';
import { ReleaseFailure } from '../errors.ts';
import { failRelease } from './fail-release.ts';
import { goOn } from './go-on.ts';
import { release } from './release.ts';
import { erase, halt } from './retire.ts';
import { redactorOf } from './revision-secrets.ts';
import * as store from './store.ts';
import { record, Superseded, type Worker } from './worker.ts';

export interface Converger {
  /**
   * Starts to bring a deployment to what is wished of it. Called again while it works, it drops
   * what it was doing and starts over with the newest wish; so deploys of one deployment never run
   * side by side. What fails unexpectedly is logged, and taken up again by the supervisor.
   */
  start(deploymentId: number): void;
  /** Whether a deployment is being worked on right now. */
  isBusy(deploymentId: number): boolean;
  /** Does something with a deployment that nobody works on, and keeps others from it meanwhile. */
  whileIdle(deploymentId: number, work: () => Promise<void>): Promise<void>;
  /** Drops what is being done, and waits a little for that: the next start goes on anyway. */
  close(): Promise<void>;
}

interface Run {
  abort: AbortController;
  done: Promise<void>;
  /** The wish that is being carried out. */
  generation?: number;
}

const closeMs = 5_000;
/** How often one call may find a newer wish when it comes to record its result. */
const mostTurns = 20;

export function createConverger(worker: Worker): Converger {
  const runs = new Map<number, Run>();
  let closed = false;

  async function occupy(id: number, work: (run: Run) => Promise<void>): Promise<void> {
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const run: Run = { abort: new AbortController(), done };
    runs.set(id, run);
    try {
      await work(run);
    } finally {
      runs.delete(id);
      resolve();
    }
  }

  async function converge(id: number): Promise<void> {
    for (let current = runs.get(id); current; current = runs.get(id)) {
      const row = await store.findRow(worker.db, id);
      // Told twice, by a job and by the supervisor: it is under way.
      if (row && row.generation === current.generation) return;
      current.abort.abort(new Superseded(`deployment ${id} has a newer wish`));
      await current.done;
    }
    if (!closed) await occupy(id, (run) => carryOut(worker, id, run));
  }

  return {
    start(id) {
      converge(id).catch((error) =>
        worker.log.error(
          { err: error, deployment: id },
          'a deployment was not brought to its wish',
        ),
      );
    },
    isBusy: (id) => runs.has(id),
    async whileIdle(id, work) {
      if (!runs.has(id)) await occupy(id, work);
    },
    async close() {
      closed = true;
      for (const { abort } of runs.values()) abort.abort(new Error('BorgOS stops'));
      const allDone = Promise.all([...runs.values()].map(({ done }) => done));
      await Promise.race([allDone, sleep(closeMs, undefined, { ref: false })]);
    },
  };
}

async function carryOut(worker: Worker, id: number, run: Run): Promise<void> {
  const { signal } = run.abort;
  for (let turn = 0; turn < mostTurns && !signal.aborted; turn++) {
    const row = await transaction(worker.db, (db) => store.lockRow(db, id));
    if (!row || row.settled_generation >= row.generation) return;
    run.generation = row.generation;
    try {
      await carryOutWish(worker, row, signal);
    } catch (error) {
      if (error instanceof Superseded) continue;
      // Overtaken, or the server stops: the next run goes on from what is recorded.
      if (signal.aborted) return;
      throw error;
    }
  }
}

async function carryOutWish(
  worker: Worker,
  row: store.DeploymentRow,
  signal: AbortSignal,
): Promise<void> {
  const work = withoutRelease(row);
  if (work) {
    await work(worker, row).catch((error) => {
      if (error instanceof Superseded) throw error;
      return keepTrying(worker, row, error);
    });
    return;
  }
  try {
    await release(worker, row, signal);
  } catch (error) {
    if (signal.aborted || error instanceof Superseded) throw error;
    if (isPassing(worker, row, error)) await keepTrying(worker, row, error);
    if (!(error instanceof ReleaseFailure)) {
      worker.log.error({ err: error, deployment: row.id }, 'a release failed unexpectedly');
    }
    await failRelease(worker, row, asFailure(error));
  }
}

/** What carries out a wish that brings nothing up. */
function withoutRelease({ desired, keeps_release }: store.DeploymentRow) {
  if (desired === 'stopped') return halt;
  if (desired === 'deleted') return erase;
  return keeps_release ? goOn : undefined;
}

/** An engine that is restarted is back soon: the release waits for it, but not for ever. */
function isPassing(worker: Worker, row: store.DeploymentRow, error: unknown): boolean {
  const isAway = error instanceof ReleaseFailure && error.code === 'RUNTIME_UNAVAILABLE';
  return isAway && Date.now() - Date.parse(row.wished_at) < worker.deadlines.runtime;
}

function asFailure(error: unknown): ReleaseFailure {
  if (error instanceof ReleaseFailure) return error;
  return new ReleaseFailure(
    'INTERNAL',
    'An unexpected error ended the release; the log of BorgOS has it. Deploy again.',
    { cause: error },
  );
}

/** Says why it is not done yet; the supervisor takes it up again. */
async function keepTrying(
  worker: Worker,
  row: store.DeploymentRow,
  error: unknown,
): Promise<never> {
  const why =
    error instanceof ReleaseFailure
      ? (await redactorOf(worker, row.id)).text(error.message)
      : 'an unexpected error, which the log of BorgOS has';
  await record(worker, row, { status_reason: `Not done yet, and tried again: ${why}` });
  throw error;
}
