import { mkdir, realpath, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import { keepPostmaster } from './embedded-keeper.ts';
import { findAccount } from './postgres-account.ts';
import { preparePostgresBinaries } from './postgres-binaries.ts';
import { embeddedDatabase, embeddedUser, prepareCluster } from './postgres-cluster.ts';
import { makeSocketFolder, openPostgresFolder } from './postgres-folder.ts';
import {
  askPostmaster,
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

export interface EmbeddedPostgres {
  /** `postgresql://…`, by way of a Unix socket; without a password, as the socket's folder is private. */
  connectionString: string;
  /** Of the server that runs: `18.4`. */
  version: string;
  /** Another one after it has died and was started again. */
  readonly pid: number;
  /** It ran already: a BorgOS that was killed had left it. */
  adopted: boolean;
  /**
   * Stops the server, whoever is connected to it. Takes 15 s at the most when all is well, and
   * throws after 30 s.
   */
  stop(): Promise<void>;
  /** Lets it run on, in nobody's care. Takes 5 s at the most. */
  leave(): Promise<void>;
}

/**
 * The PostgreSQL that runs in this `home` and is in another process's care; `undefined` when none
 * answers. Starts, stops and changes nothing.
 */
export async function findEmbeddedPostgres(
  home: string,
): Promise<Pick<EmbeddedPostgres, 'connectionString' | 'version' | 'pid'> | undefined> {
  const data = await realpath(join(home, 'postgres', 'data')).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    },
  );
  const lock = data && (await readPostmasterLock(data));
  const version = lock && (await askPostmaster(lock.socketFolder, data));
  if (!version) return undefined;
  return { connectionString: connectionStringOf(lock.socketFolder), version, pid: lock.pid };
}

/**
 * Starts the PostgreSQL that came with BorgOS, or takes over the one that runs in this `home`.
 *
 * It is detached: when this process dies, it goes on, and the next start adopts it. When it dies
 * itself, it is started again in the same place. Its files are in `home/postgres` (see openPostgresFolder for a home that only root can enter), its log is
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
  log: Pick<BaseLogger, 'debug' | 'info' | 'warn'>;
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

  const options = {
    program: binaries.postgres,
    folder,
    data,
    account,
    logFile,
    settings,
    log,
  };
  const { postmaster, adopted } = await adoptOrLaunch(options);
  const { socketFolder, version } = postmaster;
  log.debug(
    { postmaster: postmaster.pid, version, adopted, folder },
    adopted ? 'PostgreSQL adopted' : 'PostgreSQL started',
  );
  const keeper = keepPostmaster({
    pid: postmaster.pid,
    data,
    log,
    async startAgain(left) {
      const again = await adoptOrLaunch({ ...options, socketFolder, left });
      return again.postmaster.pid;
    },
  });
  const logCheck = setInterval(() => {
    boundPostmasterLog(logFile).catch((error) =>
      log.warn({ err: error, logFile }, "PostgreSQL's log could not be shortened"),
    );
  }, logCheckMs).unref();
  const leave = async () => {
    clearInterval(logCheck);
    await keeper.leave();
  };

  return {
    connectionString: connectionStringOf(socketFolder),
    version,
    get pid() {
      return keeper.pid();
    },
    adopted,
    leave,
    async stop() {
      await leave();
      // Not the one that is known: another one may just be starting.
      const pid = (await readPostmasterLock(data))?.pid ?? keeper.pid();
      await stopPostmaster(pid, data);
      await removeShortSocketFolder(socketFolder);
      log.debug({ postmaster: pid }, 'PostgreSQL stopped');
    },
  };
}

function connectionStringOf(socketFolder: string): string {
  return `postgresql://${embeddedUser}@localhost/${embeddedDatabase}?host=${encodeURIComponent(socketFolder)}`;
}

type StartOptions = Omit<LaunchOptions, 'socketFolder' | 'timeoutMs'> & {
  folder: string;
  log: Pick<BaseLogger, 'warn'>;
  /** Where it listened before, for those who know it from there. */
  socketFolder?: string;
  /** Ends the attempts. */
  left?: AbortSignal;
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
    options.left?.throwIfAborted();
    const lock = await readPostmasterLock(data);
    const version = lock && (await askPostmaster(lock.socketFolder, data));
    if (lock && version) {
      const { pid, socketFolder } = lock;
      return { postmaster: { pid, socketFolder, version }, adopted: true };
    }
    let refused = `process ${lock?.pid} holds its data folder, but does not answer`;
    if (!lock || !(await isPostmaster(lock.pid, data))) {
      if (lock) {
        log.warn({ postmaster: lock.pid, data }, 'PostgreSQL was killed; its lock file is removed');
        await removeStaleLock(data, lock);
        if (lock.socketFolder !== options.socketFolder) {
          await removeShortSocketFolder(lock.socketFolder);
        }
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
  const { folder, account, socketFolder: former } = options;
  const kept = former && isShort(former) ? former : undefined;
  const socketFolder = kept ?? (await makeSocketFolder(folder, account));
  const launched = await launchPostmaster({ ...options, socketFolder, timeoutMs });
  if ('refused' in launched && launched.ended && !kept) await removeShortSocketFolder(socketFolder);
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

/** The folder in `/tmp` of a server that has ended, if it had one: see makeSocketFolder. */
async function removeShortSocketFolder(socketFolder: string): Promise<void> {
  if (!isShort(socketFolder)) return;
  for (const name of ['.s.PGSQL.5432', '.s.PGSQL.5432.lock']) {
    await rm(join(socketFolder, name), { force: true });
  }
  // By now it is empty, or it is not ours alone.
  await rmdir(socketFolder).catch(() => {});
}

function isShort(socketFolder: string): boolean {
  return /^\/tmp\/borgos-[^/]+$/.test(socketFolder);
}
