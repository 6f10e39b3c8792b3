import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countNames, incrementOf } from './increment.ts';
import type { InstanceUsage, MeasuredInstance, Reading, RequestCounts } from './sources.ts';

function instance(name: string, changes: Partial<MeasuredInstance> = {}): MeasuredInstance {
  return { name, deploymentId: 7, state: 'running', restarts: 0, ...changes };
}

function usage(cpuSeconds: number | null, changes: Partial<InstanceUsage> = {}): InstanceUsage {
  return {
    counter: 'c',
    cpuSeconds,
    receivedBytes: null,
    sentBytes: null,
    memoryBytes: 100,
    memoryLimit: null,
    ...changes,
  };
}

function counts(epoch: string, ok: number, changes: Partial<RequestCounts> = {}): RequestCounts {
  return {
    deploymentId: 7,
    epoch,
    answered: { '2xx': ok, '3xx': 0, '4xx': 0, '5xx': 0 },
    proxyErrors: 0,
    aborted: 0,
    upgraded: 0,
    latency: ok > 0 ? [[1.5, ok]] : [],
    connections: 3,
    ...changes,
  };
}

function reading(
  at: number,
  instances: MeasuredInstance[] | null,
  used: Record<string, InstanceUsage>,
  counted: RequestCounts[] | null = [],
): Reading {
  return {
    at,
    instances,
    usage: new Map(Object.entries(used)),
    counts: counted && new Map(counted.map((one) => [one.deploymentId, one])),
  };
}

describe('between two readings', () => {
  test('what grew is the difference, what is so at a moment is as it is now', () => {
    const before = reading(0, [instance('a')], { a: usage(5, { receivedBytes: 10 }) });
    const now = reading(10_000, [instance('a', { restarts: 2 })], {
      a: usage(8, { receivedBytes: 30, memoryBytes: 50, memoryLimit: 90 }),
    });
    expect(incrementOf(7, before, now)).toEqual({
      cpuSeconds: 3,
      seconds: 10,
      memoryBytes: 50,
      memoryLimit: 90,
      receivedBytes: 20,
      sentBytes: null,
      requests: null,
      openConnections: null,
      restarts: 2,
    });
  });

  test('of the first one only what is so at a moment is known', () => {
    const now = reading(0, [instance('a', { restarts: 9 })], { a: usage(500) }, [counts('e', 10)]);
    expect(incrementOf(7, undefined, now)).toMatchObject({
      cpuSeconds: null,
      memoryBytes: 100,
      requests: null,
      openConnections: 3,
      restarts: null,
    });
  });

  test('both instances of a redeploy count, and a new one counts from its beginning', () => {
    const before = reading(0, [instance('a')], { a: usage(5) });
    const now = reading(10_000, [instance('a'), instance('b')], { a: usage(6), b: usage(2) });
    expect(incrementOf(7, before, now)).toMatchObject({ cpuSeconds: 3, memoryBytes: 200 });
  });

  test('an instance that could not be measured the last time tells nothing of what it used', () => {
    const before = reading(0, [instance('a')], {});
    const now = reading(10_000, [instance('a')], { a: usage(3_600) });
    expect(incrementOf(7, before, now)).toMatchObject({ cpuSeconds: null, memoryBytes: 100 });
  });

  test('an instance that cannot be measured makes the sum unknown, not smaller', () => {
    const before = reading(0, [instance('a'), instance('b')], { a: usage(1), b: usage(1) });
    const now = reading(10_000, [instance('a'), instance('b')], { a: usage(2) });
    expect(incrementOf(7, before, now)).toMatchObject({ cpuSeconds: null, memoryBytes: null });
  });

  test('a counter that began anew counts from there', () => {
    const before = reading(0, [instance('a', { restarts: 3 })], { a: usage(50) });
    const fallen = reading(10_000, [instance('a', { restarts: 1 })], { a: usage(2) });
    expect(incrementOf(7, before, fallen)).toMatchObject({ cpuSeconds: 2, restarts: 1 });
    const other = reading(10_000, [instance('a')], { a: usage(60, { counter: 'd' }) });
    expect(incrementOf(7, before, other)).toMatchObject({ cpuSeconds: 60 });
  });

  test('a deployment without an instance uses nothing that is known', () => {
    const none = reading(0, [], {});
    expect(incrementOf(7, none, reading(10_000, [], {}))).toMatchObject({
      cpuSeconds: null,
      memoryBytes: null,
      restarts: null,
    });
  });

  test('requests are those since the last reading, with their latencies', () => {
    const before = reading(0, [], {}, [counts('e', 10)]);
    const now = reading(10_000, [], {}, [
      counts('e', 10, { proxyErrors: 2, latency: [[1.5, 10]] }),
    ]);
    const { requests } = incrementOf(7, before, now);
    expect(requests?.counted).toMatchObject({ status_2xx: 0, proxy_errors: 2 });
    expect([...(requests?.latencies ?? [])]).toEqual([]);
    const later = reading(20_000, [], {}, [
      counts('e', 14, {
        latency: [
          [1.5, 12],
          [9, 2],
        ],
      }),
    ]);
    const next = incrementOf(7, now, later).requests;
    expect(next?.counted).toMatchObject({ status_2xx: 4 });
    expect([...(next?.latencies ?? [])]).toEqual([
      [1.5, 2],
      [9, 2],
    ]);
  });

  test('another proxy counts from its beginning, and one that was not asked before tells nothing', () => {
    const before = reading(0, [], {}, [counts('e', 10)]);
    const restarted = reading(10_000, [], {}, [counts('f', 4)]);
    expect(incrementOf(7, before, restarted).requests?.counted.status_2xx).toBe(4);
    const unasked = reading(0, [], {}, null);
    expect(incrementOf(7, unasked, restarted)).toMatchObject({
      requests: null,
      openConnections: 3,
    });
  });

  test('nothing is ever negative, whatever is restarted', () => {
    const some = fc.nat({ max: 50 });
    const moment = fc.record({
      epoch: fc.constantFrom('e', 'f'),
      counter: fc.constantFrom('c', 'd'),
      cpu: fc.option(some),
      ok: some,
      aborted: some,
      restarts: some,
      isListed: fc.boolean(),
      isAsked: fc.boolean(),
    });
    const readingOf = (at: number, of: typeof moment extends fc.Arbitrary<infer T> ? T : never) =>
      reading(
        at,
        of.isListed ? [instance('a', { restarts: of.restarts })] : [],
        of.isListed ? { a: usage(of.cpu, { counter: of.counter }) } : {},
        of.isAsked ? [counts(of.epoch, of.ok, { aborted: of.aborted })] : null,
      );
    fc.assert(
      fc.property(moment, moment, (before, now) => {
        const increment = incrementOf(7, readingOf(0, before), readingOf(10_000, now));
        const values = [
          increment.cpuSeconds,
          increment.restarts,
          ...countNames.map((name) => increment.requests?.counted[name] ?? null),
          ...(increment.requests?.latencies.values() ?? []),
        ];
        for (const value of values) if (value !== null) expect(value).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
