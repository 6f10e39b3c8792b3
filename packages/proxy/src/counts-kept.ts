import { createRouteCounts, type RouteCounts } from './route-counts.ts';

/** The counts of deployments; those of stopped ones are kept for when they are started again. */
export interface CountsKept {
  /** Those that go on, or new ones. */
  of(deploymentId: number): RouteCounts;
  all(): Iterable<[deploymentId: number, counts: RouteCounts]>;
}

/** How many of those that are not routed are kept, the last ones that were: 6 KiB each. */
const mostUnrouted = 64;

export function createCountsKept(isRouted: (deploymentId: number) => boolean): CountsKept {
  // In the order in which they were last asked for.
  const kept = new Map<number, RouteCounts>();

  function forgetUnrouted(): void {
    const unrouted = [...kept.keys()].filter((id) => !isRouted(id));
    for (const id of unrouted.slice(0, -mostUnrouted)) kept.delete(id);
  }

  return {
    of(deploymentId) {
      const counts = kept.get(deploymentId) ?? createRouteCounts();
      kept.delete(deploymentId);
      forgetUnrouted();
      kept.set(deploymentId, counts);
      return counts;
    },
    all: () => kept.entries(),
  };
}
