import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { lockDirectory } from '@borgos/proxy/directory-lock';

/** To pass through is allowed: PostgreSQL runs as another user when BorgOS runs as root. */
const readableByOthers = 0o066;

/**
 * Makes BORGOS_HOME if it is missing, for nobody else to read, and returns the short id by which
 * this home knows its own containers and processes among those of other homes.
 */
export async function openHome(home: string): Promise<{ instance: string }> {
  try {
    await mkdir(path.dirname(home), { recursive: true });
    await mkdir(home, { recursive: true, mode: 0o700 });
    const { mode } = await stat(home);
    if (mode & readableByOthers) await chmod(home, mode & ~readableByOthers);
    return { instance: await readOrMakeInstance(path.join(home, 'instance')) };
  } catch (error) {
    throw unusable(home, error);
  }
}

/**
 * Claims a BORGOS_HOME that was opened for this process: two servers on one home would fight over
 * its database, containers and ports. The claim ends with the process, however that ends. Returns
 * what gives it up.
 *
 * @throws Error that names the process that has the home
 */
export function claimHome(home: string): () => void {
  const pidFile = path.join(home, 'server.pid');
  const lock = takeLock(home);
  if (!lock) {
    throw new Error(
      `BorgOS already runs on ${home} (process ${holderIn(pidFile)}). Use that one, stop it, or start this one with another BORGOS_HOME and BORGOS_PORT.`,
    );
  }
  // Only for the message: who has the home is decided by the lock.
  writeFileSync(pidFile, `${process.pid}\n`);
  return () => {
    rmSync(pidFile, { force: true });
    lock.release();
  };
}

function takeLock(home: string) {
  try {
    return lockDirectory(home, 'server.lock');
  } catch (error) {
    throw unusable(home, error);
  }
}

function holderIn(pidFile: string): string {
  try {
    return readFileSync(pidFile, 'utf8').trim() || 'unknown';
  } catch {
    return 'unknown';
  }
}

function unusable(home: string, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error);
  return new Error(
    `BORGOS_HOME ${home} cannot be used: ${reason}. Make it a directory that this user can write to, or set BORGOS_HOME to another one.`,
    { cause: error },
  );
}

async function readOrMakeInstance(file: string): Promise<string> {
  const found = await readInstance(file);
  if (found) return found;
  // Written beside and linked in: of two that start at once one wins, and none sees half a file.
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${randomBytes(3).toString('hex')}\n`, { flush: true });
  try {
    await link(draft, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  const made = await readInstance(file);
  if (made) return made;
  throw new Error(`${file} must hold six hexadecimal digits; remove it to get a new one`);
}

async function readInstance(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return /^[0-9a-f]{6}$/.test(text.trim()) ? text.trim() : undefined;
}
