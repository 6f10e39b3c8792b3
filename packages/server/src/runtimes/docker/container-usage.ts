import { z } from 'zod';
import type { Usage } from '../../deployments/runtime.ts';
import type { Engine } from './engine.ts';
import { found } from './engine-errors.ts';

const count = z.number().min(0);

/** The part of `GET /containers/{id}/stats` that is used; of one that does not run it is empty. */
const statsSchema = z.object({
  read: z.string(),
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: count.optional() }).optional() }),
  memory_stats: z.object({
    usage: count.optional(),
    limit: count.optional(),
    // `inactive_file` with control groups of version 2, `total_inactive_file` with those of 1.
    stats: z.record(z.string(), z.number()).optional(),
  }),
  networks: z.record(z.string(), z.object({ rx_bytes: count, tx_bytes: count })).optional(),
});

const atOnce = 8;
const timeoutMs = 3_000;

/**
 * What containers use, by name; those that do not run, and of which the engine does not tell in
 * time, are left out. The engine is asked for one look at its counters, without the second that it
 * else waits for the next.
 */
export async function usageOf(engine: Engine, names: string[]): Promise<Map<string, Usage>> {
  const usages = new Map<string, Usage>();
  const left = [...names];
  const deadline = Date.now() + timeoutMs;
  async function work(): Promise<void> {
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      const remaining = deadline - Date.now();
      if (remaining <= 0) return;
      const usage = await measure(engine, name, remaining).catch(() => undefined);
      if (usage !== undefined) usages.set(name, usage);
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, names.length) }, work));
  return usages;
}

async function measure(
  engine: Engine,
  name: string,
  timeoutMs: number,
): Promise<Usage | undefined> {
  const stats: unknown = await found(
    engine.ask((docker) => docker.getContainer(name).stats({ stream: false, 'one-shot': true }), {
      timeoutMs,
    }),
  );
  return stats === undefined ? undefined : readStats(stats, name, engine.memory);
}

/** `machineMemory` is what the engine says to be the limit of a container that has none. */
export function readStats(stats: unknown, name: string, machineMemory: number): Usage | undefined {
  const { read, cpu_stats, memory_stats, networks } = statsSchema.parse(stats);
  const { usage, limit, stats: kinds = {} } = memory_stats;
  if (read.startsWith('0001-') || usage === undefined) return undefined;
  const cached = kinds.inactive_file ?? kinds.total_inactive_file ?? 0;
  const cpu = cpu_stats.cpu_usage?.total_usage;
  const interfaces = networks && Object.values(networks);
  const sum = (of: 'rx_bytes' | 'tx_bytes') =>
    interfaces ? interfaces.reduce((total, one) => total + one[of], 0) : null;
  return {
    // The engine counts from zero at each start of the container.
    counter: name,
    cpuSeconds: cpu === undefined ? null : cpu / 1e9,
    memoryBytes: Math.max(0, usage - cached),
    memoryLimit: limit !== undefined && limit < machineMemory ? limit : null,
    receivedBytes: sum('rx_bytes'),
    sentBytes: sum('tx_bytes'),
  };
}
