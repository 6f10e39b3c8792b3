import { execFile } from 'node:child_process';
import {
  chmod,
  chown,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Account } from './postgres-account.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';

const run = promisify(execFile);

export const embeddedUser = 'borgos';
export const embeddedDatabase = 'postgres';

const initTimeoutMs = 120_000;
const abandonedAfterMs = 60 * 60_000;

/** A known environment: neither secrets nor locales of the one who starts BorgOS get in. */
export const postgresEnvironment = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' };

/**
 * Makes `data` in `folder` an initialised data folder, or checks that it is one which `binaries`
 * can run. It comes into being under its name in one step, so that after a crash at any moment it
 * is either complete or missing; of two that make it at once, one wins and both are content.
 *
 * Returns its path without links.
 */
export async function prepareCluster({
  folder,
  account,
  binaries,
}: {
  folder: string;
  account: Account | undefined;
  binaries: PostgresBinaries;
}): Promise<string> {
  const data = join(folder, 'data');
  if (!(await isInitialised(data, binaries.major))) {
    await initialise({ folder, data, account, binaries });
  }
  await removeAbandoned(folder);
  // PostgreSQL refuses a folder that others can read, and a restored backup often is one.
  await chmod(data, 0o700);
  // The server says where it works without links, and is recognised by that.
  return realpath(data);
}

async function isInitialised(data: string, major: number): Promise<boolean> {
  const version = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    },
  );
  if (version === undefined) {
    const files = await readdir(data).catch(() => []);
    if (files.length === 0) return false;
    throw new Error(
      `${data} is not the data folder of a PostgreSQL: it has files, but no PG_VERSION. ` +
        'Put it back from a backup, or move it away to start with an empty database.',
    );
  }
  if (Number(version) === major) return true;
  throw new Error(
    `The database in ${data} was made by PostgreSQL ${version.trim()}, and this BorgOS comes with ` +
      `PostgreSQL ${major}, which cannot read it. Start the BorgOS that made it, or run a ` +
      `PostgreSQL ${version.trim()} on it yourself and set DATABASE_URL.`,
  );
}

async function initialise({
  folder,
  data,
  account,
  binaries,
}: {
  folder: string;
  data: string;
  account: Account | undefined;
  binaries: PostgresBinaries;
}): Promise<void> {
  const temporary = await mkdtemp(join(folder, 'initialising-')).catch((error: unknown) => {
    throw initFailure(data, error);
  });
  try {
    if (account) await chown(temporary, account.uid, account.gid);
    const options = [
      ['--pgdata', temporary],
      ['--username', embeddedUser],
      // The socket's folder lets nobody else in.
      ['--auth', 'trust'],
      ['--encoding', 'UTF8'],
      // Sorts the same on every machine: an operating system's upgrade breaks no index.
      ['--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
      // 16 MB segments would be most of a young database's size and of the time to make it.
      ['--wal-segsize', '4'],
      ['--no-instructions'],
    ];
    await run(binaries.initdb, options.flat(), {
      ...account,
      cwd: '/',
      env: postgresEnvironment,
      timeout: initTimeoutMs,
    });
    await rename(temporary, data);
    await syncFolder(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another start was faster.
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return;
    throw initFailure(data, error);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function initFailure(data: string, error: unknown): Error {
  const { stderr, message } = error as Error & { stderr?: string };
  const lines = (stderr || message).trim().split('\n');
  const reason = lines.find((line) => /error:|FATAL:|PANIC:/.test(line)) ?? lines.at(-1) ?? '';
  const remedy = /No space left|quota/i.test(stderr || message)
    ? 'Free at least 200 MB on that disk'
    : /Permission denied|not permitted|Read-only|EACCES|EROFS/i.test(stderr || message)
      ? 'Make that folder writable for the user who runs BorgOS'
      : 'Correct what it says';
  return new Error(
    `PostgreSQL could not make its data folder ${data}: ${reason.replace(/^(?:initdb: |.*(?:FATAL|PANIC): +)/, '')}. ` +
      `${remedy}, choose another folder with BORGOS_HOME, or set DATABASE_URL.`,
    { cause: error },
  );
}

/** What an `initdb` that was killed has left; a younger one may still be at work. */
async function removeAbandoned(folder: string): Promise<void> {
  const names = await readdir(folder);
  for (const name of names.filter((name) => name.startsWith('initialising-'))) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > abandonedAfterMs) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

/** Makes a rename in the folder survive a loss of power. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
