import { expect, test } from 'vitest';
import { readStats } from './container-usage.ts';

const gibibyte = 1024 ** 3;

/** What Docker Engine 28 answers with control groups of version 2, cut to what is read. */
const stats = {
  read: '2026-01-15T10:30:00.123456789Z',
  cpu_stats: { cpu_usage: { total_usage: 2_500_000_000 }, online_cpus: 2 },
  memory_stats: {
    usage: 120_000_000,
    limit: 536_870_912,
    stats: { anon: 80_000_000, inactive_file: 20_000_000 },
  },
  networks: {
    eth0: { rx_bytes: 1000, tx_bytes: 50, rx_packets: 3 },
    eth1: { rx_bytes: 11, tx_bytes: 1 },
  },
};

test('of a container its CPU time, memory without cached files, limit and traffic are read', () => {
  expect(readStats(stats, 'web', 8 * gibibyte)).toEqual({
    counter: 'web',
    cpuSeconds: 2.5,
    memoryBytes: 100_000_000,
    memoryLimit: 536_870_912,
    receivedBytes: 1011,
    sentBytes: 51,
  });
});

test('the memory of the machine is no limit', () => {
  const memory_stats = { ...stats.memory_stats, limit: 8 * gibibyte };
  expect(readStats({ ...stats, memory_stats }, 'web', 8 * gibibyte)?.memoryLimit).toBeNull();
});

test('with control groups of version 1 cached files have another name', () => {
  const memory_stats = { usage: 90, limit: 100, stats: { total_inactive_file: 40 } };
  expect(readStats({ ...stats, memory_stats }, 'web', gibibyte)?.memoryBytes).toBe(50);
});

test('without a network of its own its traffic is unknown, not none', () => {
  const { networks: _, ...rest } = stats;
  expect(readStats(rest, 'web', gibibyte)).toMatchObject({ receivedBytes: null, sentBytes: null });
});

test('one that does not run is left out', () => {
  const empty = { read: '0001-01-01T00:00:00Z', cpu_stats: { cpu_usage: { total_usage: 0 } } };
  expect(readStats({ ...empty, memory_stats: {} }, 'web', gibibyte)).toBeUndefined();
});
