import { type Latencies, latenciesSince } from './latencies.ts';
import type { InstanceUsage, MeasuredInstance, Reading, RequestCounts } from './sources.ts';

export const countNames = [
  'status_2xx',
  'status_3xx',
  'status_4xx',
  'status_5xx',
  'proxy_errors',
  'aborted',
  'upgrades',
] as const;
export type Counted = Record<(typeof countNames)[number], number>;

/** What happened at one deployment between two readings; `null`: that is not known. */
export interface Increment {
  cpuSeconds: number | null;
  /** In which they were used. */
  seconds: number;
  memoryBytes: number | null;
  memoryLimit: number | null;
  receivedBytes: number | null;
  sentBytes: number | null;
  requests: { counted: Counted; latencies: Latencies } | null;
  openConnections: number | null;
  restarts: number | null;
}

/**
 * Compares two readings, of which the earlier one may lack: then only what is so at a moment is
 * known. What was not there before began at 0; what was there, but could not be read, tells nothing.
 */
export function incrementOf(
  deploymentId: number,
  before: Reading | undefined,
  now: Reading,
): Increment {
  const own = now.instances?.filter((one) => one.deploymentId === deploymentId) ?? [];
  const running = own.filter(({ state }) => state === 'running');
  const grown = (field: GrowingField) =>
    sumOf(running, ({ name }) => growthOf(field, name, before, now));
  const used = (field: 'memoryBytes' | 'memoryLimit') =>
    sumOf(running, ({ name }) => now.usage.get(name)?.[field] ?? null);
  const counts = now.counts?.get(deploymentId);
  return {
    cpuSeconds: grown('cpuSeconds'),
    seconds: before ? (now.at - before.at) / 1000 : 0,
    memoryBytes: used('memoryBytes'),
    memoryLimit: used('memoryLimit'),
    receivedBytes: grown('receivedBytes'),
    sentBytes: grown('sentBytes'),
    requests:
      counts && before?.counts ? requestsSince(before.counts.get(deploymentId), counts) : null,
    openConnections: counts?.connections ?? null,
    restarts: sumOf(own, (instance) => restartsOf(instance, before)),
  };
}

type GrowingField = 'cpuSeconds' | 'receivedBytes' | 'sentBytes';

function growthOf(
  field: GrowingField,
  name: string,
  before: Reading | undefined,
  now: Reading,
): number | null {
  const usage = now.usage.get(name);
  const value = usage?.[field] ?? null;
  if (!usage || value === null || !before?.instances) return null;
  const earlier = before.usage.get(name);
  if (!earlier) {
    const wasRunning = before.instances.some((one) => one.name === name && one.state === 'running');
    return wasRunning ? null : value;
  }
  return sinceEarlier(usage, earlier, field);
}

function sinceEarlier(
  usage: InstanceUsage,
  earlier: InstanceUsage,
  field: GrowingField,
): number | null {
  const value = usage[field];
  const last = earlier[field];
  if (value === null || last === null) return null;
  const isNew = usage.counter !== earlier.counter || value < last;
  return isNew ? value : value - last;
}

function restartsOf(
  { name, restarts }: MeasuredInstance,
  before: Reading | undefined,
): number | null {
  if (!before?.instances) return null;
  const earlier = before.instances.find((one) => one.name === name)?.restarts ?? 0;
  return restarts < earlier ? restarts : restarts - earlier;
}

function requestsSince(
  before: RequestCounts | undefined,
  now: RequestCounts,
): NonNullable<Increment['requests']> {
  const earlier = before?.epoch === now.epoch ? before : undefined;
  const last = earlier && countedOf(earlier);
  const counted = countedOf(now);
  for (const name of countNames) counted[name] = Math.max(0, counted[name] - (last?.[name] ?? 0));
  return { counted, latencies: latenciesSince(earlier?.latency ?? [], now.latency) };
}

function countedOf({ answered, proxyErrors, aborted, upgraded }: RequestCounts): Counted {
  return {
    status_2xx: answered['2xx'],
    status_3xx: answered['3xx'],
    status_4xx: answered['4xx'],
    status_5xx: answered['5xx'],
    proxy_errors: proxyErrors,
    aborted,
    upgrades: upgraded,
  };
}

/** `null` when there is none, or when one of them is not known. */
function sumOf<T>(items: T[], read: (item: T) => number | null): number | null {
  let sum: number | null = null;
  for (const item of items) {
    const value = read(item);
    if (value === null) return null;
    sum = (sum ?? 0) + value;
  }
  return sum;
}
