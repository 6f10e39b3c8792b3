import { mkdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import { findAccount } from './postgres-account.ts';
import { preparePostgresBinaries } from './postgres-binaries.ts';
import { embeddedDatabase, embeddedUser, prepareCluster } from './postgres-cluster.ts';
import { makeSocketFolder, openPostgresFolder } from './postgres-folder.ts';
import {
  askPostmaster,
  countBorgosConnections,
  type LaunchOptions,
  launchPostmaster,
  type Postmaster,
  stopPostmaster,
} from './postmaster.ts';
import {
  isPostmaster,
  readPostmasterLock,
  removeBlankLock,
  removeStaleLock,
} from './postmaster-lock.ts';
import { boundPostmasterLog } from './postmaster-log.ts';

const startTimeoutMs = 60_000;
const retryMs = 50;
const logCheckMs = 60_000;
const closingConnectionsMs = 1_000;

export interface EmbeddedPostgres {
  /** `postgresql://…`, by way of a Unix socket; without a password, as the socket's folder is private. */
  connectionString: string;
  /** Of the server that runs: `18.4`. */
  version: string;
  pid: number;
  /** It ran already: a BorgOS that was killed had left it, or another one shares it. */
  adopted: boolean;
  /**
   * Stops the server, unless another BorgOS is connected to it. Close your own connections first.
   * Takes 15 s at the most when all is well, and throws after 25 s.
   */
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL that came with BorgOS, or takes over the one that runs in this `home`.
 *
 * It is detached: when this process dies, it goes on, and the next start adopts it. Its files are
 * in `home/postgres` (see openPostgresFolder for a home that only root can enter), its log is
 * `home/logs/postgres.log`.
 *
 * Every error says what a person can do, if only to set DATABASE_URL.
 */
export async function startEmbeddedPostgres({
  home,
  log,
  settings = {},
  systemFolder = '/var/lib/borgos',
}: {
  /** Absolute; is made if missing. */
  home: string;
  log: Pick<BaseLogger, 'info' | 'warn'>;
  /** Server settings in place of the default ones. */
  settings?: Record<string, string>;
  /** Where a root's database goes if the account it runs as cannot enter `home`. */
  systemFolder?: string;
}): Promise<EmbeddedPostgres> {
  const account = await findAccount(join(home, 'postgres', 'data'));
  const folder = await openPostgresFolder({ home, systemFolder, account });
  const binaries = await preparePostgresBinaries({ account, copies: dirname(folder) });
  const data = await prepareCluster({ folder, account, binaries });
  await mkdir(join(home, 'logs'), { recursive: true, mode: 0o700 });
  const logFile = join(home, 'logs', 'postgres.log');

  const { postmaster, adopted } = await adoptOrLaunch({
    program: binaries.postgres,
    folder,
    data,
    account,
    logFile,
    settings,
    log,
  });
  const { pid, socketFolder, version } = postmaster;
  log.info(
    { pid, version, adopted, folder },
    adopted ? 'PostgreSQL adopted' : 'PostgreSQL started',
  );
  const logCheck = setInterval(() => {
    boundPostmasterLog(logFile).catch((error) =>
      log.warn({ err: error, logFile }, "PostgreSQL's log could not be shortened"),
    );
  }, logCheckMs).unref();

  return {
    connectionString: `postgresql://${embeddedUser}@localhost/${embeddedDatabase}?host=${encodeURIComponent(socketFolder)}`,
    version,
    pid,
    adopted,
    async stop() {
      clearInterval(logCheck);
      if (await isShared(socketFolder)) {
        log.info({ pid }, 'PostgreSQL goes on: another BorgOS is connected to it');
        return;
      }
      await stopPostmaster(pid, data);
      await removeShortSocketFolder(socketFolder);
      log.info({ pid }, 'PostgreSQL stopped');
    },
  };
}

type StartOptions = Omit<LaunchOptions, 'socketFolder' | 'timeoutMs'> & {
  folder: string;
  log: Pick<BaseLogger, 'warn'>;
};

/**
 * Ends with a server that answers, whatever was there: none, one that runs, starts or stops, one
 * that another start launches at this moment, or the lock file of one that was killed.
 */
async function adoptOrLaunch(
  options: StartOptions,
): Promise<{ postmaster: Postmaster; adopted: boolean }> {
  const { data, logFile, log } = options;
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    const lock = await readPostmasterLock(data);
    const version = lock && (await askPostmaster(lock.socketFolder, data));
    if (lock && version) {
      const { pid, socketFolder } = lock;
      return { postmaster: { pid, socketFolder, version }, adopted: true };
    }
    let refused = `process ${lock?.pid} holds its data folder, but does not answer`;
    if (!lock || !(await isPostmaster(lock.pid, data))) {
      if (lock) {
        log.warn({ pid: lock.pid, data }, 'PostgreSQL was killed; its lock file is removed');
        await removeStaleLock(data, lock);
        await removeShortSocketFolder(lock.socketFolder);
      }
      const launched = await launch(options, deadline - Date.now());
      if ('postmaster' in launched) return { ...launched, adopted: false };
      refused = launched.refused;
      if (!isPassing(refused)) throw startFailure(data, logFile, refused);
      await removeBlankLock(data);
    }
    if (Date.now() > deadline) throw startFailure(data, logFile, refused);
    await wait(retryMs);
  }
}

/** Another start is faster, or what a killed server has left behind is still ending. */
function isPassing(refused: string): boolean {
  return /lock file .* (?:already exists|is empty)|bogus data in lock file|shared memory block/.test(
    refused,
  );
}

async function launch(options: StartOptions, timeoutMs: number) {
  const socketFolder = await makeSocketFolder(options.folder, options.account);
  const launched = await launchPostmaster({ ...options, socketFolder, timeoutMs });
  if ('refused' in launched && launched.ended) await removeShortSocketFolder(socketFolder);
  return launched;
}

function startFailure(data: string, logFile: string, refused: string): Error {
  const reason = refused.split('\n').find((line) => /FATAL:|PANIC:/.test(line)) ?? refused;
  const remedy = /No space left|quota/i.test(refused)
    ? 'Free at least 200 MB on that disk and start again'
    : `All it said is in ${logFile}`;
  return new Error(
    `PostgreSQL did not start on ${data}: ${reason.replace(/^.*(FATAL|PANIC): +/, '')}. ${remedy}. ` +
      'BorgOS can use another PostgreSQL instead: set DATABASE_URL.',
  );
}

/** Whether somebody else uses the server; connections that were just closed take a moment to end. */
async function isShared(socketFolder: string): Promise<boolean> {
  const deadline = Date.now() + closingConnectionsMs;
  while ((await countBorgosConnections(socketFolder)) > 0) {
    if (Date.now() > deadline) return true;
    await wait(retryMs);
  }
  return false;
}

/** The folder in `/tmp` of a server that has ended, if it had one: see makeSocketFolder. */
async function removeShortSocketFolder(socketFolder: string): Promise<void> {
  if (!/^\/tmp\/borgos-[^/]+$/.test(socketFolder)) return;
  for (const name of ['.s.PGSQL.5432', '.s.PGSQL.5432.lock']) {
    await rm(join(socketFolder, name), { force: true });
  }
  // By now it is empty, or it is not ours alone.
  await rmdir(socketFolder).catch(() => {});
}
