import { chmod, link, open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { formatKeys, type Keys, parseKeys } from './keys.ts';

interface Log {
  warn(fields: object, message: string): void;
}

const forOthers = 0o077;

export function keyFileIn(home: string): string {
  return path.join(home, 'secrets.key');
}

/**
 * The keys of a home; `undefined`: it has none yet.
 * @throws Error when the file is damaged or cannot be read
 */
export async function readKeyFile(file: string, log: Log): Promise<Keys | undefined> {
  // A killed writer's, which may be half a file; it has no key that anything was sealed with.
  await rm(draftOf(file), { force: true });
  try {
    const { mode } = await stat(file);
    if (mode & forOthers) {
      await chmod(file, 0o600);
      log.warn(
        { file },
        'other users of this machine could read the key of all secrets; not any more',
      );
    }
    const keys = parseKeys(await readFile(file, 'utf8'));
    if (keys) return keys;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new Error(
      `${file}, the key of all secrets, cannot be read (${codeOf(error)}): let the user that BorgOS runs as read it.`,
      { cause: error },
    );
  }
  throw new Error(
    `${file} is damaged: every line must be a key, as BorgOS has written it. Put it back from a backup of BORGOS_HOME.`,
  );
}

/** Makes the file. Never over another one: that could be the only copy of a key. */
export async function createKeyFile(file: string, keys: Keys): Promise<void> {
  await writeDraft(file, keys);
  await link(draftOf(file), file);
  await syncDirectory(file);
  await rm(draftOf(file), { force: true });
}

/** In one step: whoever is killed meanwhile leaves the old keys or the new ones, durably. */
export async function replaceKeyFile(file: string, keys: Keys): Promise<void> {
  await writeDraft(file, keys);
  await rename(draftOf(file), file);
  await syncDirectory(file);
}

async function writeDraft(file: string, keys: Keys): Promise<void> {
  await rm(draftOf(file), { force: true });
  const handle = await open(draftOf(file), 'wx', 0o600);
  try {
    await handle.writeFile(formatKeys(keys));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Without it, a machine that loses power may forget the new name. */
async function syncDirectory(file: string): Promise<void> {
  const directory = await open(path.dirname(file), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

const draftOf = (file: string) => `${file}.new`;

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
