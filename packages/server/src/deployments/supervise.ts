import { ReleaseFailure } from '../errors.ts';
import type { Converger } from './converge.ts';
import { lastLines } from './logs.ts';
import { retireInstance } from './retire.ts';
import type { Route } from './router.ts';
import type { Instance } from './runtime.ts';
import * as store from './store.ts';
import { record, Superseded, type Worker } from './worker.ts';

export interface Supervisor {
  /**
   * Compares what runs with what is recorded, once: corrects routes, records crashes, starts anew
   * what was removed from outside, removes instances and routes that nobody wants, and takes up
   * wishes that nobody works on: a killed BorgOS left them, or they failed unexpectedly.
   */
  reconcile(): Promise<void>;
  /** Goes on doing so: soon after an exit, and every few seconds. */
  watch(): void;
  close(): Promise<void>;
}

const intervalMs = 5_000;
/** More crashes than this in the window are a crash loop. */
const mostCrashes = 5;
const crashWindowMs = 10 * 60_000;

export function createSupervisor(
  worker: Worker,
  converger: Converger,
  /** Wishes that a deployment is started anew, as what should run is gone. */
  heal: (row: store.DeploymentRow, reason: string) => Promise<void>,
): Supervisor {
  const { db, runtime, router, log } = worker;
  const crashes = new Map<number, number[]>();
  const retiring = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> | undefined;
  let again = false;
  let closed = false;

  async function reconcile(): Promise<void> {
    const before = new Map((await store.listRows(db)).map((row) => [row.id, row]));
    const instances = await listInstances();
    if (!instances) {
      await markUnreachable([...before.values()]);
      takeUpWishes([...before.values()]);
      return;
    }
    const routes = await router.list();
    for (const { deploymentId } of routes) {
      if (!before.has(deploymentId)) await unrouteGone(deploymentId);
    }
    await stopUnwanted(instances);
    for (const row of before.values()) {
      const route = routes.find(({ deploymentId }) => deploymentId === row.id);
      await converger
        .whileIdle(row.id, () => compare(row, instances, route))
        .catch((error) => {
          // A wish came in between: its worker records what is.
          if (!(error instanceof Superseded)) throw error;
        });
    }
    await store.markObserved(db, [...before.keys()]);
    takeUpWishes([...before.values()]);
  }

  /** Stops instances of generations that are neither served nor coming: they never will be again. */
  async function stopUnwanted(instances: Instance[]): Promise<void> {
    // Read after the instances, as each is wished before it is made.
    const rows = new Map((await store.listRows(db)).map((row) => [row.id, row]));
    const unwanted = instances.filter((instance) => {
      if (converger.isBusy(instance.deploymentId)) return false;
      const row = rows.get(instance.deploymentId);
      if (!row) return true;
      const isComing = !isSettled(row) && instance.generation === row.generation;
      return instance.generation !== row.active_generation && !isComing;
    });
    for (const instance of unwanted) {
      if (retiring.has(instance.name)) continue;
      // Not waited for: visitors whose requests it still answers may take their time.
      retiring.add(instance.name);
      void retireInstance(worker, instance)
        .catch((error) => log.warn({ err: error, name: instance.name }, 'could not be stopped yet'))
        .finally(() => retiring.delete(instance.name));
    }
  }

  /** What was seen is what is, if nobody has wished or done anything about the deployment since. */
  async function compare(
    before: store.DeploymentRow,
    instances: Instance[],
    route: Route | undefined,
  ): Promise<void> {
    const { id } = before;
    const row = await store.findRow(db, id);
    if (row?.generation !== before.generation || !isSettled(before)) return;
    if (row.active_generation === null) {
      if (route) await router.unroute(id, 0);
      return;
    }
    const instance = instances.find(
      (seen) => seen.deploymentId === id && seen.generation === row.active_generation,
    );
    await observe(row, instance, route);
  }

  async function unrouteGone(deploymentId: number): Promise<void> {
    if (!(await store.findRow(db, deploymentId))) await router.unroute(deploymentId, 0);
  }

  function takeUpWishes(rows: store.DeploymentRow[]): void {
    for (const row of rows) {
      if (!isSettled(row) && !converger.isBusy(row.id)) converger.start(row.id);
    }
  }

  async function listInstances(): Promise<Instance[] | undefined> {
    try {
      return await runtime.list();
    } catch (error) {
      if (error instanceof ReleaseFailure && error.code === 'RUNTIME_UNAVAILABLE') return undefined;
      throw error;
    }
  }

  async function markUnreachable(rows: store.DeploymentRow[]): Promise<void> {
    for (const row of rows) {
      if (row.status !== 'running' || !isSettled(row)) continue;
      await record(worker, row, {
        status: 'unhealthy',
        status_reason: `${runtime.description} does not answer, so nothing is known of the app.`,
        failure_code: 'RUNTIME_UNAVAILABLE',
      });
    }
  }

  async function observe(
    row: store.DeploymentRow,
    instance: Instance | undefined,
    route: Route | undefined,
  ): Promise<void> {
    if (!instance) return heal(row, 'The app was removed from outside; it is started again.');
    if (instance.restarts > row.restarts && isCrashLoop(row.id, instance.restarts - row.restarts)) {
      return endCrashLoop(row, instance);
    }
    if (instance.state === 'exited') {
      return heal(row, 'The app was stopped from outside; it is started again.');
    }
    if (!instance.address) {
      const code = instance.exitCode === null ? '' : ` with code ${instance.exitCode}`;
      await recordChange(row, instance, {
        status: 'unhealthy',
        status_reason: instance.outOfMemory
          ? 'The app was killed for using more memory than its limit; it is being restarted.'
          : `The app ended${code}; it is being restarted.`,
        failure_code: instance.outOfMemory ? 'OUT_OF_MEMORY' : 'EXITED',
      });
      return;
    }
    // A restarted instance may have another address.
    const { host, port } = instance.address;
    if (route?.target?.host !== host || route.target.port !== port) {
      await router.route({ deploymentId: row.id, port: row.port, target: instance.address });
    }
    const isBack = row.status !== 'running';
    await recordChange(row, instance, {
      status: 'running',
      ...(isBack && { status_reason: null, failure_code: null }),
    });
  }

  async function recordChange(
    row: store.DeploymentRow,
    instance: Instance,
    fields: store.DeploymentFields,
  ): Promise<void> {
    const seen = {
      ...fields,
      restarts: instance.restarts,
      process_id: instance.processId,
      observed_at: new Date(),
    };
    const same = row.status === seen.status && row.restarts === seen.restarts;
    if (!same || row.process_id !== seen.process_id) await record(worker, row, seen);
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
    const output = await lastLines(worker.files.app(row.id), 0, 15);
    const code = instance.exitCode === null ? '' : ` with code ${instance.exitCode}`;
    await record(worker, row, {
      status: 'crash_loop',
      status_reason: `The app ended${code} more than ${mostCrashes} times in 10 minutes, so it was stopped. Mend it and deploy again, or start it again.\nThe end of its output:\n${output}`,
      failure_code: instance.outOfMemory ? 'OUT_OF_MEMORY' : 'EXITED',
      active_generation: null,
      active_revision: null,
      container_id: null,
      process_id: null,
      stopped_at: new Date(),
    });
  }

  /** One comparison at a time; what happens during one makes for another. */
  function wake(): void {
    again = true;
    current ??= (async () => {
      while (again && !closed) {
        again = false;
        await reconcile();
      }
    })()
      .catch((error) =>
        log.error({ err: error }, 'deployments could not be compared; trying again'),
      )
      .finally(() => {
        current = undefined;
      });
  }

  return {
    reconcile,
    watch() {
      runtime.onExit(wake);
      timer = setInterval(wake, intervalMs);
      timer.unref();
    },
    async close() {
      closed = true;
      clearInterval(timer);
      await current;
    },
  };
}

function isSettled(row: store.DeploymentRow): boolean {
  return row.settled_generation >= row.generation;
}
