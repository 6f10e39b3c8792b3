/** How often something took so many milliseconds. */
export type Latencies = Map<number, number>;

export function addLatencies(to: Latencies, added: Latencies): void {
  for (const [milliseconds, count] of added) {
    to.set(milliseconds, (to.get(milliseconds) ?? 0) + count);
  }
}

/** What came to the counts since `before`. */
export function latenciesSince(
  before: [milliseconds: number, count: number][],
  now: [milliseconds: number, count: number][],
): Latencies {
  const earlier = new Map(before);
  const since: Latencies = new Map();
  for (const [milliseconds, count] of now) {
    const more = count - (earlier.get(milliseconds) ?? 0);
    if (more > 0) since.set(milliseconds, more);
  }
  return since;
}

/** What the shares took at most, in their order; `null` each when there is nothing. */
export function quantilesOf(latencies: Latencies, shares: number[]): (number | null)[] {
  const sorted = [...latencies].sort(([one], [other]) => one - other);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  return shares.map((share) => {
    let left = Math.max(1, Math.ceil(total * share));
    for (const [milliseconds, count] of sorted) {
      left -= count;
      if (left <= 0) return milliseconds;
    }
    return null;
  });
}
