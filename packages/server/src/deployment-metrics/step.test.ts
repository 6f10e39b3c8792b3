import { expect, test } from 'vitest';
import type { Increment } from './increment.ts';
import { createLastHour } from './last-hour.ts';
import { quantilesOf } from './latencies.ts';
import { addToStep, createStep, pointOf } from './step.ts';
import { createTotals } from './totals.ts';

const unknown: Increment = {
  cpuSeconds: null,
  seconds: 10,
  memoryBytes: null,
  memoryLimit: null,
  receivedBytes: null,
  sentBytes: null,
  requests: null,
  openConnections: null,
  restarts: null,
};

function requests(ok: number, latencies: [number, number][]): Increment['requests'] {
  const counted = { status_2xx: ok, status_3xx: 0, status_4xx: 1, status_5xx: 0 };
  return {
    counted: { ...counted, proxy_errors: 0, aborted: 0, upgrades: 2 },
    latencies: new Map(latencies),
  };
}

test('a step has the average of the CPU, the most of the memory, the sum of the counts', () => {
  const step = createStep();
  addToStep(step, { ...unknown, cpuSeconds: 5, memoryBytes: 70, receivedBytes: 4, restarts: 1 });
  addToStep(step, { ...unknown, cpuSeconds: 10, seconds: 20, memoryBytes: 50, restarts: 0 });
  addToStep(step, unknown);
  expect(pointOf(step)).toEqual({
    cpu_cores: 0.5,
    memory_bytes: 70,
    network_received_bytes: 4,
    restarts: 1,
  });
});

test('percentiles of a long step are those of all its answers', () => {
  const step = createStep();
  addToStep(step, { ...unknown, requests: requests(90, [[1, 90]]) });
  addToStep(step, {
    ...unknown,
    requests: requests(10, [
      [200, 9],
      [900, 1],
    ]),
  });
  expect(pointOf(step)).toMatchObject({
    requests: 106,
    status_2xx: 100,
    latency_p50_ms: 1,
    latency_p90_ms: 1,
    latency_p99_ms: 200,
  });
});

test('without answers there is no latency, and without knowledge nothing', () => {
  expect(quantilesOf(new Map(), [0.5])).toEqual([null]);
  const step = createStep();
  addToStep(step, unknown);
  expect(pointOf(step)).toEqual({});
});

test('the last hour has what was set in it, and nothing older', () => {
  const hour = createLastHour();
  hour.set(36_000, { requests: 1 });
  expect(hour.get(36_000)).toEqual({ requests: 1 });
  expect(hour.get(36_010)).toBeUndefined();
  for (let second = 36_010; second <= 39_610; second += 10) hour.set(second, { cpu_cores: 0 });
  expect(hour.get(36_000)).toBeUndefined();
  expect(hour.get(36_010)).toEqual({ cpu_cores: 0 });
  expect(hour.get(39_610)).toEqual({ cpu_cores: 0 });
});

test('totals only grow, and are unknown until something is known', () => {
  const totals = createTotals();
  totals.add(unknown);
  expect(totals).toMatchObject({ cpuSeconds: null, counted: null });
  totals.add({ ...unknown, cpuSeconds: 2, requests: requests(3, []) });
  totals.add({ ...unknown, cpuSeconds: 0.5, requests: requests(1, []) });
  expect(totals).toMatchObject({ cpuSeconds: 2.5, counted: { status_2xx: 4, upgrades: 4 } });
});
