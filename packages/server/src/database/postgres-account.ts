import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const commandTimeoutMs = 10_000;

/** A user of the operating system, in the form that `spawn` takes. */
export interface Account {
  uid: number;
  gid: number;
}

/**
 * Whom PostgreSQL has to run as; `undefined`: as this process does.
 *
 * PostgreSQL refuses to run as root, so a BorgOS run by root hands it to the owner of the data,
 * and for new data to `nobody`, as `initdb` wants a user with an entry in the user database.
 *
 * Throws when the data is there, but belongs to somebody this process cannot run PostgreSQL as.
 */
export async function findAccount(dataFolder: string): Promise<Account | undefined> {
  const self = process.geteuid?.();
  const owner = await findOwner(dataFolder);
  if (self !== 0) {
    if (owner === 'hidden' || (owner && owner.uid !== self)) {
      const whose = owner === 'hidden' ? 'another user' : `user id ${owner.uid}`;
      throw new Error(
        `The database in ${dataFolder} belongs to ${whose}, but BorgOS runs as user id ${self}. ` +
          'Start BorgOS as the user that made it, or choose another folder with BORGOS_HOME.',
      );
    }
    return undefined;
  }
  if (owner === undefined) return findNobody();
  if (owner === 'hidden' || owner.uid === 0) {
    throw new Error(
      `The database in ${dataFolder} belongs to root, and PostgreSQL refuses to run as root. ` +
        `Give it to an unprivileged user: chown -R nobody ${dataFolder}`,
    );
  }
  return owner;
}

async function findOwner(folder: string): Promise<Account | 'hidden' | undefined> {
  try {
    const { uid, gid } = await stat(folder);
    return { uid, gid };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'EACCES') return 'hidden';
    throw error;
  }
}

async function findNobody(): Promise<Account> {
  const numbers = await Promise.all(
    ['-u', '-g'].map(async (option) => {
      const { stdout } = await run('id', [option, 'nobody'], { timeout: commandTimeoutMs });
      return Number(stdout);
    }),
  ).catch((error: unknown) => {
    throw new Error(
      'PostgreSQL refuses to run as root, and this system has no user "nobody" to run it as. ' +
        'Start BorgOS as another user, or set DATABASE_URL to a PostgreSQL that runs already.',
      { cause: error },
    );
  });
  const [uid = 0, gid = 0] = numbers;
  return { uid, gid };
}

/**
 * Whether the account can get to the files in `folder`. Asks the system instead of computing it
 * from mode bits, as access lists and mount options have a say too.
 */
export async function canEnter(folder: string, account: Account): Promise<boolean> {
  try {
    await run('test', ['-x', folder], { ...account, cwd: '/', timeout: commandTimeoutMs });
    return true;
  } catch (error) {
    // `test` exits with 1 for "no"; anything else, as not being allowed to change the user, is
    // no answer.
    if ((error as { code?: unknown }).code === 1) return false;
    throw new Error(
      `BorgOS runs as root but cannot start a program as user id ${account.uid}, which PostgreSQL ` +
        'needs. Start BorgOS as an unprivileged user, or set DATABASE_URL.',
      { cause: error },
    );
  }
}
