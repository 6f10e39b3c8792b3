import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { ReleaseFailure } from '../../errors.ts';
import { codeOf } from '../error-code.ts';

export interface Launch {
  command: string[];
  directory: string;
  /** All of it: nothing of BorgOS's own is added. */
  environment: Record<string, string>;
  /** What it prints goes straight there, and so goes on when BorgOS is gone. */
  outputFiles: { stdout: string; stderr: string };
}

/** A child that BorgOS does not wait for at its end. */
export type Launched = ChildProcess & { pid: number };

/**
 * Starts a program in a session of its own, so that nothing that ends BorgOS ends it too.
 * Throws `ReleaseFailure` START_FAILED when there is no such program.
 */
export async function launch({
  command,
  directory,
  environment,
  outputFiles,
}: Launch): Promise<Launched> {
  const [program = '', ...args] = command;
  await mkdir(dirname(outputFiles.stdout), { recursive: true, mode: 0o700 });
  const stdout = await open(outputFiles.stdout, 'a', 0o600);
  const stderr = await open(outputFiles.stderr, 'a', 0o600).catch(async (error: unknown) => {
    await stdout.close();
    throw error;
  });
  try {
    const child = spawn(program, args, {
      cwd: directory,
      env: environment,
      detached: true,
      stdio: ['ignore', stdout.fd, stderr.fd],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve).once('error', reject);
    });
    child.unref();
    if (!isLaunched(child)) throw new Error('it has no process id');
    return child;
  } catch (error) {
    throw startFailure(program, error);
  } finally {
    await stdout.close();
    await stderr.close();
  }
}

function isLaunched(child: ChildProcess): child is Launched {
  return child.pid !== undefined;
}

function startFailure(program: string, error: unknown): ReleaseFailure {
  const code = codeOf(error);
  const problem =
    code === 'ENOENT'
      ? 'was not found, neither in the project nor on this machine: install it, or correct the start command'
      : code === 'EACCES'
        ? 'may not be executed: make it executable, or correct the start command'
        : `could not be started: ${error instanceof Error ? error.message : String(error)}`;
  return new ReleaseFailure('START_FAILED', `"${program}" ${problem}.`, { cause: error });
}

/** As shells and Docker say it: 128 and the signal's number. */
export function exitCodeOf({ exitCode, signalCode }: Launched): number | null {
  return signalCode === null ? exitCode : 128 + (constants.signals[signalCode] ?? 0);
}
