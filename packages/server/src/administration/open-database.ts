import { existsSync } from 'node:fs';
import path from 'node:path';
import type { BaseLogger } from 'pino';
import type { Closing } from '../closing.ts';
import type { Database } from '../database/open.ts';
import { openHomeDatabase, openPostgres, openRunningDatabase } from '../database/open-postgres.ts';
import { claimHome, openHome } from '../home.ts';
import type { Settings } from '../settings.ts';

export interface Opening {
  settings: Settings;
  log: Pick<BaseLogger, 'debug' | 'info' | 'warn'>;
  /** Gets what is opened: a PostgreSQL that was started is stopped, one that ran already is left. */
  closing: Closing;
  stopping: AbortSignal;
}

/** The database of a home, whether BorgOS runs on it or not; its schema stays as it is. */
export async function openToRead(opening: Opening): Promise<Database> {
  const { settings, log, closing } = opening;
  const { home, databaseUrl } = settings;
  requireHome(settings);
  // Only a PostgreSQL that is started and stopped here must not be used by a server meanwhile.
  const refused = databaseUrl ? undefined : await claim(opening);
  if (!databaseUrl && !refused) {
    return openPostgres({ home, databaseUrl, log, closing, leaveAdopted: true });
  }
  return openRunning(opening, refused);
}

/** The same to change what is in it, also on a home that is still to be made. */
export async function openToChange(opening: Opening): Promise<Database> {
  const refused = await claim(opening);
  return refused ? openRunning(opening, refused) : openClaimed(opening);
}

/** For what must not happen while BorgOS runs. */
export async function openStopped(opening: Opening): Promise<Database> {
  requireHome(opening.settings);
  const refused = await claim(opening);
  if (refused) throw new Error(`This needs a BorgOS that is stopped. ${refused.message}`);
  return openClaimed(opening);
}

async function openClaimed({ settings, log, closing, stopping }: Opening): Promise<Database> {
  const options = { ...settings, log, closing, stopping, leaveAdopted: true };
  const database = await openHomeDatabase(options);
  stopping.throwIfAborted();
  return database;
}

async function openRunning(
  { settings, log, closing }: Opening,
  refused: Error | undefined,
): Promise<Database> {
  const database = await openRunningDatabase({ ...settings, log, closing });
  if (database) return database;
  throw new Error(
    `${refused?.message} Its own PostgreSQL does not answer: if it uses another one, say which with DATABASE_URL; if it is just starting, try again.`,
  );
}

/** Keeps BorgOS from starting meanwhile; returns why that is not possible, as when it runs. */
async function claim({ settings: { home }, closing }: Opening): Promise<Error | undefined> {
  await openHome(home);
  try {
    closing.add(claimHome(home));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** A home that is not there is one that was mistyped, and would be made. */
function requireHome({ home, databaseUrl }: Settings): void {
  if (existsSync(databaseUrl ? home : path.join(home, 'postgres'))) return;
  throw new Error(
    `BorgOS was never started on ${home}. Say on which home it was, with --home or BORGOS_HOME.`,
  );
}
