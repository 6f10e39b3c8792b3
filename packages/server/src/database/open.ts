import { setTimeout as wait } from 'node:timers/promises';
import { Kysely, PostgresDialect } from 'kysely';
import { Client, type ClientConfig, Pool } from 'pg';
import type { BaseLogger } from 'pino';
import { readDatabaseUrl } from './database-url.ts';
import type { EmbeddedPostgres } from './embedded.ts';
import { type Listening, listen } from './listen.ts';
import { joinServers, type Servers } from './servers.ts';
import type { Tables } from './tables.ts';
import { typeParsers } from './type-parsers.ts';

const connectTimeoutMs = 10_000;
const retryMs = 250;
const oldestVersion = 15;
const closeTimeoutMs = 15_000;

/** No statement, no wait for a lock and no forgotten transaction holds up the others for ever. */
const limits = {
  statement_timeout: 30_000,
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: 30_000,
  // Longer than what the server allows: only a server that is out of reach gets here.
  query_timeout: 45_000,
};

export interface Database {
  db: Kysely<Tables>;
  /** For who needs connections of their own. Holds the password: not to be logged. */
  connectionString: string;
  /**
   * Names all transactions whose changes can be seen now. Where it is the same as before, so is
   * every row of every table.
   */
  snapshot(): Promise<string>;
  /** For people: `PostgreSQL 18.4 (embedded)`, `PostgreSQL 16.2 (db.example:5432)`. */
  description: string;
  /**
   * Calls back after every NOTIFY on the channel, and after each time the connection was lost and
   * made again.
   */
  listen(channel: string, callback: () => void): Promise<Listening>;
  /** Makes this server known to the others on the database, and says how many there are. */
  joinServers(): Promise<Servers>;
  /** Waits at most 15 s for queries that run. Close what listens before. */
  close(): Promise<void>;
}

/**
 * Connects to the user's database, or to the one that BorgOS started.
 *
 * Throws when it cannot be reached within 10 s or is older than PostgreSQL 15, and says what to
 * do; the password is in no error.
 */
export async function openDatabase({
  source,
  log,
  connections = 10,
  reachableWithinMs = connectTimeoutMs,
}: {
  source: { databaseUrl: string } | { embedded: EmbeddedPostgres };
  log: Pick<BaseLogger, 'warn'>;
  /** How many the pool may have. */
  connections?: number;
  /** How long to try before giving up. */
  reachableWithinMs?: number;
}): Promise<Database> {
  const embedded = 'embedded' in source;
  const connectionString = embedded ? source.embedded.connectionString : source.databaseUrl;
  const { server, redact } = readDatabaseUrl(connectionString);
  const connection = connectionTo(connectionString);
  const version = await reach(connection, reachableWithinMs).catch((error: unknown) => {
    const reason = redact(reasonOf(error));
    throw new Error(
      embedded
        ? `BorgOS cannot connect to its own PostgreSQL in ${server}: ${reason}. Start BorgOS again.`
        : `BorgOS cannot connect to the database at ${server}: ${reason}. ` +
            'Check that it runs and that DATABASE_URL is right, or remove DATABASE_URL to use the ' +
            'PostgreSQL that comes with BorgOS.',
    );
  });
  requireVersion(version.number, server);

  const pool = new Pool({
    ...connection,
    ...limits,
    application_name: 'borgos',
    max: connections,
    // One is always there, so that the first request after a rest is not slow.
    min: 1,
    idleTimeoutMillis: 30_000,
  });
  // A connection lost while idle is replaced when needed; unheard, it would end the process.
  pool.on('error', (error) => log.warn({ err: error }, 'a database connection was lost'));
  // So would one lost in a transaction between two statements, of which the next one tells.
  pool.on('connect', (client) => client.on('error', () => {}));

  return {
    db: new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }),
    connectionString,
    async snapshot() {
      // Not through Kysely, as this stands before answers that are quick themselves.
      const { rows } = await pool.query<{ snapshot: string }>(
        'select pg_current_snapshot()::text as snapshot',
      );
      return rows[0]?.snapshot ?? '';
    },
    description: `PostgreSQL ${version.text} (${embedded ? 'embedded' : server})`,
    listen: (channel, callback) => listen({ connection, channel, callback, log }),
    joinServers: () => joinServers({ connection, log }),
    async close() {
      const gaveUp = AbortSignal.timeout(closeTimeoutMs);
      const late = new Promise((resolve) => gaveUp.addEventListener('abort', resolve));
      await Promise.race([pool.end(), late]);
      if (gaveUp.aborted) log.warn({}, 'database connections were still busy and are abandoned');
    },
  };
}

/** How every connection is made, besides who uses it and for how long. */
export function connectionTo(connectionString: string): ClientConfig {
  return {
    connectionString,
    types: typeParsers,
    options: '-c TimeZone=UTC -c DateStyle=ISO',
    connectionTimeoutMillis: connectTimeoutMs,
    // A peer that vanished is noticed within half a minute, not after the system's two hours.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
}

/** Throws unless a server of this `server_version_num` is new enough. */
export function requireVersion(number: number, server: string): void {
  const major = Math.floor(number / 10_000);
  if (major >= oldestVersion) return;
  throw new Error(
    `The database at ${server} is PostgreSQL ${major}, and BorgOS needs ${oldestVersion} or newer. ` +
      'Upgrade it, set DATABASE_URL to a newer one, or remove DATABASE_URL to use the PostgreSQL ' +
      'that comes with BorgOS.',
  );
}

/** Tries for a while, as a database that is started together with BorgOS takes a moment. */
async function reach(
  connection: ClientConfig,
  withinMs: number,
): Promise<{ number: number; text: string }> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return await askVersion(connection, Math.max(deadline - Date.now(), 1));
    } catch (error) {
      if (!isPassing(error) || Date.now() + retryMs > deadline) throw error;
      await wait(retryMs);
    }
  }
}

async function askVersion(connection: ClientConfig, timeoutMs: number) {
  const client = new Client({
    ...connection,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    application_name: 'borgos',
  });
  // What goes wrong is told by connect and query; unheard, it would also end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ number: number; text: string }>(
      `select current_setting('server_version_num')::integer as number,
              split_part(current_setting('server_version'), ' ', 1) as text`,
    );
    const [version] = rows;
    if (!version) throw new Error('it does not tell its version');
    return version;
  } finally {
    // Not waited for: a server that does not answer does not say goodbye either.
    client.end().catch(() => {});
  }
}

/** Not listening yet, not resolvable yet, or still starting. */
function isPassing(error: unknown): boolean {
  const codes = ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', '57P03'];
  return codes.includes(String((error as { code?: unknown } | null)?.code));
}

function reasonOf(error: unknown): string {
  // The addresses of one name that were all tried in vain.
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
