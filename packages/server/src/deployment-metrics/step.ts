import type { MetricName } from '@borgos/contracts/deployment-metrics';
import { countNames, type Increment } from './increment.ts';
import { addLatencies, type Latencies, quantilesOf } from './latencies.ts';

/** The metrics of one step; what is missing is not known. */
export type Point = Partial<Record<MetricName, number>>;

/** One step of a deployment while it goes on. */
export interface Step {
  /** What is added up, and the most of what is not. */
  point: Omit<Point, 'requests' | 'latency_p50_ms' | 'latency_p90_ms' | 'latency_p99_ms'>;
  /** Seconds in which the CPU time was measured. */
  cpuMeasured: number;
  latencies: Latencies;
}

export function createStep(): Step {
  return { point: {}, cpuMeasured: 0, latencies: new Map() };
}

export function addToStep(step: Step, increment: Increment): void {
  const { point } = step;
  const { cpuSeconds, seconds, requests } = increment;
  if (cpuSeconds !== null && seconds > 0) {
    const before = (point.cpu_cores ?? 0) * step.cpuMeasured;
    step.cpuMeasured += seconds;
    point.cpu_cores = (before + cpuSeconds) / step.cpuMeasured;
  }
  const most = (name: keyof typeof point, value: number | null) => {
    if (value !== null) point[name] = Math.max(point[name] ?? 0, value);
  };
  const sum = (name: keyof typeof point, value: number | null) => {
    if (value !== null) point[name] = (point[name] ?? 0) + value;
  };
  most('memory_bytes', increment.memoryBytes);
  most('memory_limit_bytes', increment.memoryLimit);
  most('open_connections', increment.openConnections);
  sum('network_received_bytes', increment.receivedBytes);
  sum('network_sent_bytes', increment.sentBytes);
  sum('restarts', increment.restarts);
  if (requests === null) return;
  for (const name of countNames) sum(name, requests.counted[name]);
  addLatencies(step.latencies, requests.latencies);
}

/** The step as it is told: with what follows from the rest. */
export function pointOf({ point, latencies }: Step): Point {
  const told: Point = { ...point };
  if (point.cpu_cores !== undefined) told.cpu_cores = rounded(point.cpu_cores, 4);
  const requests = requestsOf(point);
  if (requests !== undefined) told.requests = requests;
  const [p50, p90, p99] = quantilesOf(latencies, [0.5, 0.9, 0.99]);
  if (p50 != null) told.latency_p50_ms = rounded(p50, 3);
  if (p90 != null) told.latency_p90_ms = rounded(p90, 3);
  if (p99 != null) told.latency_p99_ms = rounded(p99, 3);
  return told;
}

/** All of them; `undefined` when they were not counted. */
export function requestsOf(point: Point): number | undefined {
  if (point.status_2xx === undefined) return undefined;
  return countNames.reduce((total, name) => total + (point[name] ?? 0), 0);
}

function rounded(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
