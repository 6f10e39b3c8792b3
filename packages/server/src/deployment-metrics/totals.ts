import { type Counted, countNames, type Increment } from './increment.ts';

/**
 * What was counted of a deployment since this server has known it; it only grows. `null`: nothing
 * is known of it yet, or never will be.
 */
export interface Totals {
  add(increment: Increment): void;
  readonly counted: Counted | null;
  readonly cpuSeconds: number | null;
  readonly receivedBytes: number | null;
  readonly sentBytes: number | null;
  readonly restarts: number | null;
}

const sumNames = ['cpuSeconds', 'receivedBytes', 'sentBytes', 'restarts'] as const;

export function createTotals(): Totals {
  let counted: Counted | null = null;
  const sums: Record<(typeof sumNames)[number], number | null> = {
    cpuSeconds: null,
    receivedBytes: null,
    sentBytes: null,
    restarts: null,
  };
  return {
    get counted() {
      return counted;
    },
    get cpuSeconds() {
      return sums.cpuSeconds;
    },
    get receivedBytes() {
      return sums.receivedBytes;
    },
    get sentBytes() {
      return sums.sentBytes;
    },
    get restarts() {
      return sums.restarts;
    },
    add(increment) {
      for (const name of sumNames) {
        const more = increment[name];
        if (more !== null) sums[name] = (sums[name] ?? 0) + more;
      }
      const more = increment.requests?.counted;
      if (!more) return;
      const before = counted;
      counted = { ...more };
      if (before) for (const name of countNames) counted[name] += before[name];
    },
  };
}
