import type { SystemStatus } from '@borgos/contracts/status';
import type { Db } from '../database/transaction.ts';
import { AppError } from '../errors.ts';
import { createCpuMeter } from './cpu.ts';
import { diskPercent } from './disk.ts';
import { memoryPercent } from './memory.ts';
import { ping } from './store.ts';

type Counts = Pick<SystemStatus, 'active_deployments' | 'total_projects' | 'recent_errors'>;

export interface StatusOptions {
  db: Db;
  /** The directory whose disk is measured. */
  home: string;
  version: string;
  /** Which PostgreSQL, for a person. */
  database: string;
  /** What runs deployments, for a person. */
  runtime: string;
  /** `false` while the server shuts down. */
  isReady: () => boolean;
  /** What other features know. */
  counts: () => Promise<Counts>;
}

export type Status = ReturnType<typeof createStatus>;

const databaseTimeoutMs = 2000;

/** The state of the machine and of this server, whose uptime starts now. */
export function createStatus(options: StatusOptions) {
  const { db, home, version, database, runtime, isReady, counts } = options;
  const startedAt = performance.now();
  const cpu = createCpuMeter();

  return {
    async get(): Promise<SystemStatus> {
      const [counted, cpuPercent, memory, disk] = await Promise.all([
        counts(),
        cpu.percent(),
        memoryPercent(),
        diskPercent(home),
      ]);
      return {
        cpu_percent: rounded(cpuPercent),
        memory_percent: rounded(memory),
        disk_percent: rounded(disk),
        active_deployments: counted.active_deployments,
        total_projects: counted.total_projects,
        recent_errors: counted.recent_errors,
        uptime_seconds: Math.floor((performance.now() - startedAt) / 1000),
        version,
        database,
        runtime,
      };
    },

    /** @throws AppError UNAVAILABLE that says why no work can be done */
    async requireReady(): Promise<void> {
      if (!isReady()) throw new AppError('UNAVAILABLE', 'BorgOS is shutting down');
      await pingInTime(db);
    },

    close(): void {
      cpu.close();
    },
  };
}

async function pingInTime(db: Db): Promise<void> {
  const timeout = AbortSignal.timeout(databaseTimeoutMs);
  const late = new Promise<never>((_, reject) => {
    timeout.addEventListener('abort', () => reject(timeout.reason));
  });
  try {
    await Promise.race([ping(db), late]);
  } catch (cause) {
    throw new AppError('UNAVAILABLE', 'The database does not answer', { cause });
  }
}

/** To one decimal: more would be noise. */
function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
