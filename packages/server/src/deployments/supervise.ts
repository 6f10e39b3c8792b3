import { ReleaseFailure } from '../errors.ts';
import type { Converger } from './converge.ts';
import { createObserver } from './observe.ts';
import { retireInstance } from './retire.ts';
import type { RouteState } from './router.ts';
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
const slowestRetryMs = 60_000;
const noteMs = 60_000;

export function createSupervisor(
  worker: Worker,
  converger: Converger,
  /** Wishes that a deployment is started anew, as what should run is gone. */
  heal: (row: store.DeploymentRow, reason: string) => Promise<void>,
): Supervisor {
  const { db, runtime, router, log } = worker;
  const observer = createObserver(worker, heal);
  const retiring = new Set<string>();
  const takenUp = new Map<number, { generation: number; tries: number; at: number }>();
  let notedAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> | undefined;
  let again = false;
  let closed = false;

  async function reconcile(): Promise<void> {
    const before = await store.listRows(db);
    takeUpWishes(before);
    const instances = await listInstances();
    if (!instances) return markUnreachable(before);
    const routes = await router.list();
    // Routes first: an instance that is to be stopped may still be the target of one.
    for (const row of before) {
      const route = routes.find(({ deploymentId }) => deploymentId === row.id);
      await attempt(row.id, () =>
        converger.whileIdle(row.id, () => compare(row, instances, route)),
      );
    }
    for (const { deploymentId } of routes) {
      if (before.some(({ id }) => id === deploymentId)) continue;
      await attempt(deploymentId, () => unrouteGone(deploymentId));
    }
    await stopUnwanted(instances);
    await noteObserved(before.map(({ id }) => id));
  }

  /** What fails for one deployment must not keep the others from being looked after. */
  async function attempt(id: number, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // A wish came in between: its worker records what is.
      if (error instanceof Superseded) return;
      log.error({ err: error, deployment: id }, 'a deployment could not be compared; trying again');
    }
  }

  /** For people who wonder how old what they see is; as often as that matters to them. */
  async function noteObserved(ids: number[]): Promise<void> {
    if (Date.now() - notedAt < noteMs) return;
    notedAt = Date.now();
    await store.markObserved(db, ids);
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
    route: RouteState | undefined,
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
    await observer.observe(row, instance, route);
  }

  async function unrouteGone(deploymentId: number): Promise<void> {
    if (!(await store.findRow(db, deploymentId))) await router.unroute(deploymentId, 0);
  }

  /** Starts what nobody works on; what has failed unexpectedly, after a growing while. */
  function takeUpWishes(rows: store.DeploymentRow[]): void {
    const now = Date.now();
    const open = new Map(rows.filter((row) => !isSettled(row)).map((row) => [row.id, row]));
    for (const id of takenUp.keys()) if (!open.has(id)) takenUp.delete(id);
    for (const { id, generation } of open.values()) {
      if (converger.isBusy(id)) continue;
      const last = takenUp.get(id);
      const tries = last?.generation === generation ? last.tries : 0;
      if (tries > 0 && last && now - last.at < Math.min(intervalMs * 2 ** tries, slowestRetryMs)) {
        continue;
      }
      takenUp.set(id, { generation, tries: tries + 1, at: now });
      converger.start(id);
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
      await attempt(row.id, async () => {
        await record(worker, row, {
          status: 'unhealthy',
          status_reason: `${runtime.description} does not answer, so nothing is known of the app.`,
          failure_code: 'RUNTIME_UNAVAILABLE',
        });
      });
    }
  }

  /** One comparison at a time; what happens during one makes for another. */
  function wake(): void {
    again = true;
    current ??= (async () => {
      while (again && !closed) {
        again = false;
        await reconcile().catch((error) =>
          log.error({ err: error }, 'deployments could not be compared; trying again'),
        );
      }
      // In the same turn as the last look at `again`, lest a call between them be lost.
      current = undefined;
    })();
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
