import { BlockList, isIP } from 'node:net';
import { bindPort } from './bind-port.ts';
import type { Route, Target } from './route.ts';
import type { RouteCounts } from './route-counts.ts';
import type { Site } from './site.ts';
import { createUpstream, type Upstream } from './upstream.ts';
import type { VisitorPort } from './visitor-port.ts';

/** One deployment's route with what serves it. */
export interface RouteEntry {
  route: Route;
  /** The same one for as long as it is routed. */
  readonly site: Site;
  /** Whether its port is bound, and why not: only after a restart of the proxy it may be so. */
  problem: string | null;
  /**
   * Binds the port of `route` if it is another than now. `commit` makes the route the one that new
   * requests go by, `undo` goes back to what was. Throws `Refusal` when it cannot be bound.
   */
  prepare(route: Route): Promise<{ commit(): void; undo(): Promise<void> }>;
  /** The former target that is still in use, or the current one. */
  findUpstream(target: Target): { upstream: Upstream; isCurrent: boolean } | undefined;
  /** Of visitors, on its port; 0 while that is not bound. */
  connections(): Promise<number>;
  /** Frees the port at once; returns what may still be in flight. */
  stop(): Upstream[];
}

export function createRouteEntry(initial: Route, counts: RouteCounts): RouteEntry {
  let current = initial.target && upstreamOf(initial.target);
  const former = new Set<Upstream>();
  let port: VisitorPort | null = null;
  let trusted = toBlockList(initial.trustedProxies);

  const site: Site = {
    deploymentId: initial.deploymentId,
    counts,
    port: () => entry.route.port,
    upstream: () => current,
    trusts: (address) => trusted?.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4') === true,
  };

  function upstreamOf(target: Target): Upstream {
    const upstream: Upstream = createUpstream(target, () => {
      if (former.delete(upstream)) upstream.closeIdle();
    });
    return upstream;
  }

  function switchTo(target: Target | null): void {
    if (isSame(current?.target, target)) return;
    const before = current;
    // Going back to a target that is still draining continues with what is in flight there.
    const known = target && [...former].find((upstream) => isSame(upstream.target, target));
    if (known) former.delete(known);
    current = known ?? (target && upstreamOf(target));
    if (!before) return;
    before.closeIdle();
    if (!before.isIdle()) former.add(before);
  }

  const entry: RouteEntry = {
    route: initial,
    site,
    problem: 'not bound yet',
    async prepare(route) {
      const before = port;
      const isBound = before?.host === route.host && before.port === route.port;
      const mustFree = !isBound && before?.port === route.port;
      // The same port on another address overlaps: the old one has to go first.
      if (mustFree) before.stop();
      let opened: VisitorPort | null = null;
      try {
        if (!isBound) opened = await bindPort(route.host, route.port, () => site);
      } catch (error) {
        if (mustFree) await reopen(before);
        throw error;
      }
      return {
        commit() {
          entry.route = route;
          entry.problem = null;
          trusted = toBlockList(route.trustedProxies);
          switchTo(route.target);
          if (!opened) return;
          port = opened;
          before?.stop();
        },
        async undo() {
          opened?.stop();
          if (mustFree) await reopen(before);
        },
      };
    },
    findUpstream(target) {
      if (current && isSame(current.target, target)) return { upstream: current, isCurrent: true };
      const upstream = [...former].find((one) => isSame(one.target, target));
      return upstream && { upstream, isCurrent: false };
    },
    connections: async () => (await port?.connections()) ?? 0,
    stop() {
      port?.stop();
      port = null;
      return current ? [current, ...former] : [...former];
    },
  };

  async function reopen({ host }: VisitorPort): Promise<void> {
    port = null;
    try {
      port = await bindPort(host, entry.route.port, () => site);
    } catch (error) {
      entry.problem = error instanceof Error ? error.message : String(error);
    }
  }

  return entry;
}

function isSame(one: Target | null | undefined, other: Target | null): boolean {
  if (!one || !other) return !one && !other;
  return one.host === other.host && one.port === other.port;
}

function toBlockList(addresses: string[]): BlockList | undefined {
  if (addresses.length === 0) return undefined;
  const list = new BlockList();
  for (const entry of addresses) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}
