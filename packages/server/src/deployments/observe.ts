import { systemActor } from '../caller.ts';
import type { Db } from '../database/transaction.ts';
import { ReleaseFailure, storable } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import { lastAppLines } from './logs.ts';
import { restingReason } from './resting-reason.ts';
import { redactorOf } from './revision-secrets.ts';
import * as revisionStore from './revision-store.ts';
import type { RouteState } from './router.ts';
import type { Instance } from './runtime.ts';
import type * as store from './store.ts';
import { nothingServes, record, type Worker } from './worker.ts';

export interface Observer {
  /** Records what is seen of a deployment that should serve, and corrects what can be. */
  observe(
    row: store.DeploymentRow,
    instance: Instance | undefined,
    route: RouteState | undefined,
  ): Promise<void>;
}

/** More crashes than this in the window are a crash loop. */
const mostCrashes = 4;
const crashWindowMs = 10 * 60_000;

export function createObserver(
  worker: Worker,
  /** Wishes that a deployment is started anew, as what should run is gone. */
  heal: (row: store.DeploymentRow, reason: string) => Promise<void>,
): Observer {
  const { runtime, router, db } = worker;
  const crashes = new Map<number, number[]>();

  async function routeTo(
    row: store.DeploymentRow,
    target: { host: string; port: number },
    route: RouteState | undefined,
  ): Promise<void> {
    const { host, port } = route?.target ?? {};
    if (host === target.host && port === target.port && !route?.problem) return;
    await router.route({ deploymentId: row.id, port: row.port, target });
  }

  function isCrashLoop(id: number, newCrashes: number): boolean {
    const now = Date.now();
    const recent = (crashes.get(id) ?? []).filter((at) => now - at < crashWindowMs);
    recent.push(...Array.from({ length: Math.min(newCrashes, mostCrashes + 1) }, () => now));
    crashes.set(id, recent);
    return recent.length > mostCrashes;
  }

  async function endCrashLoop(row: store.DeploymentRow, instance: Instance): Promise<void> {
    await router.unroute(row.id, 0);
    await runtime.stop(instance.name, worker.deadlines.grace);
    crashes.delete(row.id);
    const redactor = await redactorOf(worker, row.id);
    const output = await lastAppLines(worker, row.id, { start: 0, count: 15 }, redactor);
    await record(
      worker,
      row,
      {
        ...nothingServes,
        status: 'crash_loop',
        status_reason: storable(
          `The app ended${withCode(instance)} more than ${mostCrashes} times in 10 minutes, so it was stopped. Mend it and deploy again, or start it again.\nThe end of its output:\n${output}`,
        ),
        failure_code: instance.outOfMemory ? 'OUT_OF_MEMORY' : 'EXITED',
        stopped_at: new Date(),
      },
      (db) => tellCrash(db, row, instance),
    );
  }

  /** What is to be said of a deployment that runs: what it said before, unless it was not well. */
  async function runningFields(row: store.DeploymentRow): Promise<store.DeploymentFields> {
    const { status, status_reason, failure_code, active_revision } = row;
    if (status === 'running' || active_revision === null) {
      return { status: 'running', status_reason, failure_code };
    }
    const revision = await revisionStore.getRevision(db, row.id, active_revision);
    return {
      status: 'running',
      status_reason: restingReason(runtime, revision),
      failure_code: null,
    };
  }

  async function recordChange(
    row: store.DeploymentRow,
    instance: Instance,
    fields: store.DeploymentFields,
  ): Promise<void> {
    const { restarts, processId: process_id } = instance;
    const seen = { ...fields, restarts, process_id };
    const isSame =
      row.status === seen.status &&
      row.status_reason === seen.status_reason &&
      row.restarts === restarts &&
      row.process_id === process_id;
    if (isSame) return;
    await record(worker, row, { ...seen, observed_at: new Date() }, async (db) => {
      if (restarts > row.restarts) await tellCrash(db, row, instance);
    });
  }

  return {
    async observe(row, instance, route) {
      if (!instance) return heal(row, 'The app was removed from outside; it is started again.');
      const newCrashes = instance.restarts - row.restarts;
      if (newCrashes > 0 && isCrashLoop(row.id, newCrashes)) return endCrashLoop(row, instance);
      if (instance.state === 'exited') {
        return heal(row, 'The app was stopped from outside; it is started again.');
      }
      if (instance.state === 'paused') {
        return recordChange(row, instance, {
          status: 'unhealthy',
          status_reason: `The app was paused from outside and answers nothing. Let it go on with "docker unpause ${instance.name}", or restart the deployment.`,
          failure_code: 'UNHEALTHY',
        });
      }
      if (!instance.address) {
        return recordChange(row, instance, {
          status: 'unhealthy',
          status_reason: instance.outOfMemory
            ? 'The app was killed for using more memory than its limit; it is being restarted.'
            : `The app ended${withCode(instance)}; it is being restarted.`,
          failure_code: instance.outOfMemory ? 'OUT_OF_MEMORY' : 'EXITED',
        });
      }
      try {
        // A restarted instance may have another address; a port may be free again.
        await routeTo(row, instance.address, route);
      } catch (error) {
        if (!(error instanceof ReleaseFailure)) throw error;
        return recordChange(row, instance, {
          status: 'unhealthy',
          status_reason: error.message,
          failure_code: error.code,
        });
      }
      await recordChange(row, instance, await runningFields(row));
    },
  };
}

/** Once for each look that finds it, however often it has crashed since the last one. */
async function tellCrash(db: Db, row: store.DeploymentRow, instance: Instance): Promise<void> {
  const { id, project_id, name, active_revision, wanted_revision } = row;
  const { exitCode: exit_code, outOfMemory: out_of_memory, restarts } = instance;
  const revision = active_revision ?? wanted_revision;
  const data = { id, project_id, name, revision, exit_code, out_of_memory, restarts };
  await appendEvent(db, 'deployment_crashed', data, systemActor);
}

function withCode({ exitCode }: Instance): string {
  return exitCode === null ? '' : ` with code ${exitCode}`;
}
