import { createCountsKept } from './counts-kept.ts';
import { limits } from './limits.ts';
import type { Log } from './log.ts';
import { Refusal } from './refusal.ts';
import type { Route, Target } from './route.ts';
import type { RouteReading } from './route-counts.ts';
import { createRouteEntry, type RouteEntry } from './route-entry.ts';
import type { Site } from './site.ts';
import type { Upstream } from './upstream.ts';

export interface RouteTable {
  /** Binds the port, writes the route down, then sends new requests to its target. */
  put(route: Route): Promise<void>;
  /** Frees the port, then waits as `drain` for all targets. Not there: fine. */
  remove(deploymentId: number, timeoutMs: number): Promise<number>;
  /**
   * Waits until nothing is in flight to a former target, at most `timeoutMs`; cuts what is left
   * then and returns how much it was. `Refusal` TARGET_IN_USE for the current target.
   */
  drain(deploymentId: number, target: Target, timeoutMs: number): Promise<number>;
  /** `problem`: why the port is not bound (yet). */
  list(): { route: Route; problem: string | null }[];
  /** What serves a deployment; while it is not routed, a site without a target. */
  site(deploymentId: number): Site;
  /** What became of the requests so far, also to deployments that are not routed any more. */
  counts(): Promise<RouteReading[]>;
  /** Takes no more changes from now on, unless there are routes and `onlyIfEmpty`. */
  close(onlyIfEmpty: boolean): Promise<boolean>;
  isClosed(): boolean;
  /** Frees all ports and drains, at most `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>;
}

/**
 * Serves the routes it is given to start with and writes every change down with `save` before it
 * takes effect: what was answered for is served again after a crash.
 */
export async function createRouteTable(
  initial: Route[],
  save: (routes: Route[]) => Promise<void>,
  log: Log,
): Promise<RouteTable> {
  const entries = new Map<number, RouteEntry>();
  const kept = createCountsKept((deploymentId) => entries.has(deploymentId));
  const leaving = new Map<number, Set<Upstream>>();
  let closed = false;
  let queue: Promise<unknown> = Promise.resolve();

  /** Changes are made one after the other; each waits at most for binds and writes to disk. */
  function inOrder<T>(change: () => Promise<T>): Promise<T> {
    const result = queue.then(change);
    queue = result.catch(() => {});
    return result;
  }

  function routesWith(change: Map<number, Route | undefined>): Route[] {
    const routes = new Map([...entries].map(([id, entry]) => [id, entry.route]));
    for (const [id, route] of change) {
      if (route) routes.set(id, route);
      else routes.delete(id);
    }
    return [...routes.values()];
  }

  function checkPort({ deploymentId, port }: Route): void {
    for (const { route } of entries.values()) {
      if (route.port !== port || route.deploymentId === deploymentId) continue;
      const message = `Port ${port} is used by deployment ${route.deploymentId}. Choose another port.`;
      throw new Refusal(409, 'PORT_IN_USE', message);
    }
  }

  function checkOpen(): void {
    if (closed) throw new Refusal(503, 'ENDING', 'the proxy is ending');
  }

  async function bindAgain(entry: RouteEntry): Promise<void> {
    try {
      (await entry.prepare(entry.route)).commit();
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (entry.problem !== problem) log(`deployment ${entry.route.deploymentId}: ${problem}`);
      entry.problem = problem;
    }
  }

  for (const route of initial) {
    entries.set(route.deploymentId, createRouteEntry(route, kept.of(route.deploymentId)));
  }
  await Promise.all([...entries.values()].map(bindAgain));
  setInterval(() => {
    const unbound = [...entries.values()].filter((entry) => entry.problem !== null);
    if (unbound.length === 0 || closed) return;
    void inOrder(async () => {
      for (const entry of unbound) {
        const isThere = entries.get(entry.route.deploymentId) === entry;
        if (isThere && entry.problem !== null && !closed) await bindAgain(entry);
      }
    });
  }, limits.rebindMs).unref();

  return {
    put: (route) =>
      inOrder(async () => {
        checkOpen();
        checkPort(route);
        const { deploymentId } = route;
        const entry = entries.get(deploymentId) ?? createRouteEntry(route, kept.of(deploymentId));
        const { commit, undo } = await entry.prepare(route);
        try {
          await save(routesWith(new Map([[deploymentId, route]])));
        } catch (error) {
          await undo();
          throw error;
        }
        commit();
        entries.set(deploymentId, entry);
      }),

    async remove(deploymentId, timeoutMs) {
      await inOrder(async () => {
        checkOpen();
        const entry = entries.get(deploymentId);
        if (!entry) return;
        await save(routesWith(new Map([[deploymentId, undefined]])));
        entries.delete(deploymentId);
        const upstreams = leaving.get(deploymentId) ?? new Set();
        for (const upstream of entry.stop()) upstreams.add(upstream);
        leaving.set(deploymentId, upstreams);
      });
      const upstreams = leaving.get(deploymentId) ?? new Set();
      const cut = await drainAll(upstreams, timeoutMs);
      if ([...upstreams].every((upstream) => upstream.isIdle())) leaving.delete(deploymentId);
      return cut;
    },

    async drain(deploymentId, target, timeoutMs) {
      const found = entries.get(deploymentId)?.findUpstream(target);
      if (!found) return 0;
      if (found.isCurrent) {
        const message = `deployment ${deploymentId} is served by this target: route it elsewhere first`;
        throw new Refusal(409, 'TARGET_IN_USE', message);
      }
      return await found.upstream.drain(timeoutMs);
    },

    list: () => [...entries.values()].map(({ route, problem }) => ({ route, problem })),

    site: (deploymentId) =>
      entries.get(deploymentId)?.site ?? {
        deploymentId,
        counts: kept.of(deploymentId),
        port: () => 0,
        upstream: () => null,
        trusts: () => false,
      },

    counts: () =>
      Promise.all(
        [...kept.all()].map(async ([id, counts]) =>
          counts.read(id, (await entries.get(id)?.connections()) ?? 0),
        ),
      ),

    close: (onlyIfEmpty) =>
      inOrder(async () => {
        if (onlyIfEmpty && entries.size > 0) return false;
        closed = true;
        return true;
      }),

    isClosed: () => closed,

    async stop(timeoutMs) {
      const upstreams = [...entries.values()].flatMap((entry) => entry.stop());
      await drainAll(
        [...upstreams, ...[...leaving.values()].flatMap((set) => [...set])],
        timeoutMs,
      );
    },
  };
}

async function drainAll(upstreams: Iterable<Upstream>, timeoutMs: number): Promise<number> {
  const cut = await Promise.all(
    [...upstreams].map(async (upstream) => {
      const count = await upstream.drain(timeoutMs);
      upstream.closeIdle();
      return count;
    }),
  );
  return cut.reduce((sum, count) => sum + count, 0);
}
