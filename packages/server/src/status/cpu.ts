import { type CpuInfo, cpus } from 'node:os';

type Times = CpuInfo['times'][];

export interface CpuMeter {
  /** How busy all cores were over the last second, in percent; waits for the first measurement. */
  percent(): Promise<number>;
  close(): void;
}

const firstMs = 250;
const intervalMs = 1000;

/**
 * Measures the processors once a second from now on.
 * @param read the time that each core has spent in each state since the machine started
 */
export function createCpuMeter(
  read: () => Times = () => cpus().map(({ times }) => times),
  intervals = { firstMs, intervalMs },
): CpuMeter {
  const first = Promise.withResolvers<number>();
  let latest: number | undefined;
  let before = read();

  function measure() {
    const now = read();
    latest = busyPercent(before, now);
    before = now;
    first.resolve(latest);
  }

  let interval: NodeJS.Timeout | undefined;
  const start = setTimeout(() => {
    measure();
    interval = setInterval(measure, intervals.intervalMs).unref();
  }, intervals.firstMs).unref();

  return {
    percent: async () => latest ?? (await first.promise),
    close() {
      clearTimeout(start);
      clearInterval(interval);
      first.resolve(busyPercent(before, read()));
    },
  };
}

/** How much of the time between two readings the cores were not idle, in percent. */
export function busyPercent(before: Times, after: Times): number {
  const total = sum(after, all) - sum(before, all);
  const idle = sum(after, ({ idle }) => idle) - sum(before, ({ idle }) => idle);
  // Between two ticks of the kernel's clock nothing has passed; a core taken offline takes its
  // times with it, and the difference may be anything.
  if (total <= 0) return 0;
  return Math.min(100, Math.max(0, (100 * (total - idle)) / total));
}

function all({ user, nice, sys, idle, irq }: CpuInfo['times']): number {
  return user + nice + sys + idle + irq;
}

function sum(times: Times, of: (core: CpuInfo['times']) => number): number {
  return times.reduce((total, core) => total + of(core), 0);
}
