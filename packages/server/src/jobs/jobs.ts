import { fromKysely, PgBoss } from 'pg-boss';
import type { Db } from '../database/transaction.ts';

export interface JobDefinition<Data extends object> {
  /** A queue name: `deployments.converge`. */
  name: string;
  /** How many run at once in this process. */
  concurrency: number;
  /** A job not done after this long is taken for lost and is run again. */
  expireInSeconds: number;
  /** Must be idempotent: after a crash it runs again. Look at `signal` between steps. */
  run: (data: Data, signal: AbortSignal) => Promise<void>;
}

export interface Jobs {
  /** Makes a queue and starts working on it. */
  define<Data extends object>(definition: JobDefinition<Data>): Promise<void>;
  /**
   * Adds a job in the caller's transaction: it exists once that commits. While a job with the same
   * key waits, another one is not added, as the one that waits will see the newest state.
   */
  enqueue(db: Db, name: string, key: string, data: object): Promise<void>;
  /** Takes no new jobs, aborts the running ones, and waits for them at most `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

/** Background work on pg-boss, in the schema `jobs` of the same database. */
export async function createJobs({
  connectionString,
  log,
}: {
  connectionString: string;
  log: { warn(fields: object, message: string): void };
}): Promise<Jobs> {
  const boss = new PgBoss({
    connectionString,
    schema: 'jobs',
    application_name: 'borgos jobs',
    max: 4,
    useListenNotify: true,
    // Nothing is scheduled by cron.
    schedule: false,
  });
  // Without a listener an error of the pool would end the process.
  boss.on('error', (error) => log.warn({ err: error }, 'the job queue had an error'));
  await boss.start();
  const stopping = new AbortController();

  return {
    async define({ name, concurrency, expireInSeconds, run }) {
      await boss.createQueue(name, {
        policy: 'short',
        notify: true,
        retryLimit: 20,
        retryDelay: 1,
        retryBackoff: true,
        retryDelayMax: 60,
        expireInSeconds,
        deleteAfterSeconds: 3600,
      });
      await boss.work<Parameters<typeof run>[0]>(
        name,
        { localConcurrency: concurrency, batchSize: 1, pollingIntervalSeconds: 5 },
        async ([job]) => {
          if (job) await run(job.data, AbortSignal.any([job.signal, stopping.signal]));
        },
      );
    },
    async enqueue(db, name, key, data) {
      await boss.send(name, data, { singletonKey: key, db: fromKysely(db) });
    },
    async close(timeoutMs) {
      stopping.abort();
      await boss.stop({ graceful: true, timeout: timeoutMs, close: true });
    },
  };
}
