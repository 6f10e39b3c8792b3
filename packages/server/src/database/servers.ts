import { Client, type ClientConfig } from 'pg';
import type { BaseLogger } from 'pino';

/** The servers that work on one database at the same time. */
export interface Servers {
  /** How many there are besides this one; 0 while the database is out of reach. */
  readonly others: number;
  /** Leaves them, and tells them so. */
  close(): Promise<void>;
}

const channel = 'borgos_servers';
/** Any number below 2^32 that nothing else locks. */
const lockNumber = 4_207_849_485;
/** One that was killed says nothing: it is missed after at most this long. */
const checkMs = 1_000;
const firstRetryMs = 100;
const slowestRetryMs = 1_000;
const timeouts = { connectionTimeoutMillis: 2_000, query_timeout: 2_000 };

/**
 * Joins the servers on a database: each holds the same shared lock, on a connection of its own, so
 * that none has to say that it died. Who joins counts the others before this resolves, and tells
 * them to count again. A connection that is lost is made again until `close`.
 *
 * Rejects if the first connection cannot be made.
 */
export async function joinServers({
  connection,
  log,
}: {
  connection: ClientConfig;
  log: Pick<BaseLogger, 'warn'>;
}): Promise<Servers> {
  let others = 0;
  let closed = false;
  let awake = false;
  let endNap = () => {};
  let current: Client | undefined = await join();
  const watching = watch();

  async function join(): Promise<Client> {
    const client = new Client({ ...connection, ...timeouts, application_name: 'borgos servers' });
    // Every loss ends in `end`, which is where it is dealt with.
    client.on('error', () => {});
    client.on('notification', wake);
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
      await client.query('select pg_advisory_lock_shared($1)', [lockNumber]);
      await client.query(`notify ${channel}`);
      // After the lock: of two that join at once, one at least sees the other.
      others = await countOthers(client);
    } catch (error) {
      abandon(client);
      throw error;
    }
    client.once('end', () => {
      if (current !== client) return;
      current = undefined;
      others = 0;
      wake();
    });
    return client;
  }

  async function watch(): Promise<void> {
    let retryMs = firstRetryMs;
    let told = false;
    while (!closed) {
      await nap(current ? checkMs : retryMs);
      if (closed) return;
      try {
        if (current) others = await countOthers(current);
        else current = await join();
        retryMs = firstRetryMs;
        told = false;
      } catch (error) {
        if (current) abandon(current);
        else retryMs = Math.min(retryMs * 2, slowestRetryMs);
        current = undefined;
        others = 0;
        if (!told) log.warn({ err: error }, 'the other servers cannot be seen; looking again');
        told = true;
      }
    }
  }

  function wake(): void {
    awake = true;
    endNap();
  }

  /** Ends early when woken, also when that was before it began. */
  async function nap(ms: number): Promise<void> {
    if (!awake) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        endNap = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    awake = false;
  }

  return {
    get others() {
      return others;
    },
    async close() {
      closed = true;
      wake();
      await watching;
      if (current) await leave(current).catch(() => {});
      others = 0;
    },
  };
}

async function countOthers(client: Client): Promise<number> {
  const { rows } = await client.query<{ others: number }>(
    `select count(*)::integer as others from pg_locks
      where locktype = 'advisory' and objid = $1::oid and classid = 0 and objsubid = 1 and granted
        and database = (select oid from pg_database where datname = current_database())
        and pid <> pg_backend_pid()`,
    [lockNumber],
  );
  return rows[0]?.others ?? 0;
}

async function leave(client: Client): Promise<void> {
  try {
    // Before it is told: they count as soon as they hear of it.
    await client.query('select pg_advisory_unlock_shared($1)', [lockNumber]);
    await client.query(`notify ${channel}`);
  } finally {
    abandon(client);
  }
}

/** Not waited for: a server that does not answer does not say goodbye either. */
function abandon(client: Client): void {
  client.end().catch(() => {});
}
