import type { BaseLogger } from 'pino';
import type { Closing } from '../closing.ts';
import { findEmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts';
import { recordDatabase, refuseOtherDatabase } from './identity.ts';
import { migrate } from './migrate.ts';
import { type Database, openDatabase } from './open.ts';

/** Above what PostgreSQL's last writes may take. */
const postgresCloseMs = 40_000;

interface Options {
  /** Absolute, and claimed by this process. */
  home: string;
  /** `undefined`: a PostgreSQL of our own. */
  databaseUrl: string | undefined;
  log: Pick<BaseLogger, 'debug' | 'info' | 'warn'>;
  closing: Closing;
  /** Lets one of our own that ran already run on in the end. */
  leaveAdopted?: boolean;
}

/** The user's PostgreSQL, or one of our own; what is opened is added to `closing`. */
export async function openPostgres({
  home,
  databaseUrl,
  log,
  closing,
  leaveAdopted = false,
}: Options): Promise<Database> {
  if (databaseUrl) {
    const database = await openDatabase({ source: { databaseUrl }, log });
    closing.add(() => database.close());
    return database;
  }
  const embedded = await startEmbeddedPostgres({ home, log });
  const isLeft = embedded.adopted && leaveAdopted;
  closing.add(() => (isLeft ? embedded.leave() : embedded.stop()), postgresCloseMs);
  const database = await openDatabase({ source: { embedded }, log });
  closing.add(() => database.close());
  return database;
}

/**
 * The database of a home, with its schema up to date.
 * @param options.stopping breaks it off, between two steps
 * @throws Error when the home belongs to another database; that one stays as it is
 */
export async function openHomeDatabase(
  options: Options & { stopping?: AbortSignal | undefined },
): Promise<Database> {
  const { home, log, stopping } = options;
  const database = await openPostgres(options);
  stopping?.throwIfAborted();
  // Before the migrations: a database that is refused stays as it is.
  await refuseOtherDatabase(database, home);
  await migrate({ connectionString: database.connectionString, log });
  await recordDatabase(database, home);
  return database;
}

/**
 * The database of a home that another process has claimed, as that one left it: nothing is started,
 * stopped or migrated. `undefined` when it is one of our own and does not answer.
 * @throws Error when the home belongs to another database
 */
export async function openRunningDatabase({
  home,
  databaseUrl,
  log,
  closing,
}: Omit<Options, 'leaveAdopted'>): Promise<Database | undefined> {
  const url = databaseUrl ?? (await findEmbeddedPostgres(home))?.connectionString;
  if (!url) return undefined;
  const database = await openDatabase({ source: { databaseUrl: url }, log });
  closing.add(() => database.close());
  await refuseOtherDatabase(database, home);
  return database;
}
