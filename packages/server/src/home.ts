import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

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
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `BORGOS_HOME ${home} cannot be used: ${reason}. Make it a directory that this user can write to, or set BORGOS_HOME to another one.`,
      { cause: error },
    );
  }
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
