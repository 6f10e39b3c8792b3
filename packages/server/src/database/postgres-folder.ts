import { randomUUID } from 'node:crypto';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  realpath,
  rmdir,
  stat,
  symlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Account, canEnter } from './postgres-account.ts';

/** What a Unix socket's path may have at most: 104 bytes on macOS and 108 on Linux, with a NUL. */
const longestSocketPath = 103;

/**
 * The folder of PostgreSQL's files, made when it is missing: `postgres` in `home`.
 *
 * A root's home is often one that only root can enter, and `/root` always is, so that the account
 * PostgreSQL runs as could not get at files in it. Then the files are in `systemFolder`, and
 * `postgres` is a link to them. Their name there is random and known from the link alone: a home
 * that was moved finds them, and one that was deleted and made again does not get the old ones.
 *
 * Returns the path without links.
 */
export async function openPostgresFolder({
  home,
  systemFolder,
  account,
}: {
  home: string;
  systemFolder: string;
  account: Account | undefined;
}): Promise<string> {
  // Apart, as the mode would be that of every folder made on the way.
  await mkdir(dirname(home), { recursive: true });
  await mkdir(home, { recursive: true, mode: 0o700 });
  if (account) await letThrough(home);
  const link = join(home, 'postgres');
  if (!(await exists(link))) {
    if (account && !(await canEnter(home, account))) {
      await makeLinked({ link, systemFolder, account });
    } else {
      await makePrivate(link, account);
    }
  }
  const folder = await realpath(link).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new Error(
      `The database of ${home} is gone: ${link} leads to a folder that does not exist. ` +
        'Put it back from a backup, or remove that link to start with an empty database.',
    );
  });
  if (account && !(await canEnter(folder, account))) {
    throw new Error(
      `PostgreSQL runs as user id ${account.uid}, which cannot enter ${folder}. ` +
        'Give that user the right to enter (x) every folder of this path.',
    );
  }
  return folder;
}

/** Others may pass through the home of a BorgOS run by root, but not list or read it. */
async function letThrough(home: string): Promise<void> {
  const { mode } = await stat(home);
  if ((mode & 0o001) === 0) await chmod(home, (mode & 0o7777) | 0o001);
}

async function makeLinked({
  link,
  systemFolder,
  account,
}: {
  link: string;
  systemFolder: string;
  account: Account;
}): Promise<void> {
  const made = await mkdir(systemFolder, { recursive: true });
  // Whatever the umask; a folder that was there is left as its administrator wants it.
  if (made) await chmod(systemFolder, 0o755);
  const folder = join(systemFolder, randomUUID());
  await makePrivate(folder, account);
  await symlink(folder, link).catch(async (error: NodeJS.ErrnoException) => {
    await rmdir(folder);
    // Another start was faster.
    if (error.code !== 'EEXIST') throw error;
  });
}

/**
 * Where PostgreSQL listens: `socket` in its folder, or a new folder in `/tmp` when that path is
 * too long for a Unix socket. Which one is found again by what the postmaster's lock file says.
 */
export async function makeSocketFolder(
  folder: string,
  account: Account | undefined,
): Promise<string> {
  const inside = join(folder, 'socket');
  if (Buffer.byteLength(join(inside, '.s.PGSQL.5432')) <= longestSocketPath) {
    await makePrivate(inside, account);
    return inside;
  }
  const short = await mkdtemp('/tmp/borgos-');
  if (account) await chown(short, account.uid, account.gid);
  return short;
}

async function makePrivate(folder: string, account: Account | undefined): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (account) await chown(folder, account.uid, account.gid);
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
