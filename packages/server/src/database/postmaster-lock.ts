import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { link, readFile, readlink, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const writtenWithinMs = 5_000;

/** What a postmaster writes about itself into `postmaster.pid`. */
export interface PostmasterLock {
  pid: number;
  /** Empty until it listens. */
  socketFolder: string;
  /** Whether it takes connections. */
  ready: boolean;
  content: string;
}

/** The lock file of a data folder; `undefined` when there is none, or only the start of one. */
export async function readPostmasterLock(data: string): Promise<PostmasterLock | undefined> {
  const content = await readFile(lockFile(data), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return '';
  });
  const lines = content.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return { pid, socketFolder: lines[4] ?? '', ready: lines[7]?.trim() === 'ready', content };
}

/**
 * Whether the process is a PostgreSQL server of this data folder. The number alone proves nothing:
 * after a crash it may by now be that of any other process.
 */
export async function isPostmaster(pid: number, data: string): Promise<boolean> {
  if (process.platform === 'linux') {
    // A server works in its data folder. Of a process that is gone, a zombie, or another user's,
    // this cannot be read, and none of these is ours.
    const folder = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
    return folder === data;
  }
  const listed = await run('ps', ['-o', 'command=', '-p', String(pid)], { timeout: 10_000 }).catch(
    () => undefined,
  );
  return listed?.stdout.includes(data) ?? false;
}

/**
 * Removes the lock file if it still is the one that was judged stale: taken aside first, so that
 * the lock of a server which started in between is put back and not deleted.
 */
export async function removeStaleLock(
  data: string,
  stale: Pick<PostmasterLock, 'content'>,
): Promise<void> {
  const file = lockFile(data);
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    if ((await readFile(aside, 'utf8')) !== stale.content) {
      await link(aside, file).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
    }
  } finally {
    await rm(aside, { force: true });
  }
}

/**
 * Removes a lock file that names nobody, if it has been there for longer than a starting server
 * takes to write its number into it: then the machine went down at that moment.
 */
export async function removeBlankLock(data: string): Promise<void> {
  const found = await stat(lockFile(data)).catch(() => undefined);
  if (!found || Date.now() - found.mtimeMs < writtenWithinMs) return;
  const content = await readFile(lockFile(data), 'utf8').catch(() => undefined);
  if (content === undefined || Number.parseInt(content, 10) > 0) return;
  await removeStaleLock(data, { content });
}

function lockFile(data: string): string {
  return join(data, 'postmaster.pid');
}
