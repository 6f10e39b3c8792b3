import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:fs';
import { access, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../errors.ts';
import type { Processes } from '../../processes.ts';

/** In the environment of all that Agent Zero starts, with the id of this home. */
export const agentZeroMarker = 'BORGOS_AGENT_ZERO';

export interface Launch {
  directory: string;
  python: string | undefined;
  port: number;
  /** All of it, beside what BorgOS adds to tell its own processes. */
  environment: Record<string, string>;
  instance: string;
  logFile: string;
  processes: Processes;
}

/**
 * Starts it in a session of its own, its output going straight to a file: nothing that ends BorgOS
 * ends it.
 * @throws AppError AGENT_ZERO_NOT_CONFIGURED, AGENT_ZERO_FAILED
 */
export async function launchProcess(launch: Launch): Promise<ChildProcess & { pid: number }> {
  const { directory, port, environment, instance, logFile, processes } = launch;
  const script = join(directory, 'run_ui.py');
  if (!(await isThere(script, constants.R_OK))) {
    throw new AppError(
      'AGENT_ZERO_NOT_CONFIGURED',
      `There is no run_ui.py in ${directory}: set BORGOS_AGENT_ZERO_DIR to the directory that Agent Zero is installed in`,
    );
  }
  const python = await findPython(launch);
  const log = await open(logFile, 'a', 0o600);
  try {
    return await processes.start({
      program: python,
      args: [script, '--host=127.0.0.1', `--port=${port}`],
      cwd: directory,
      environment: {
        ...environment,
        PYTHONUNBUFFERED: '1',
        // Outside of its container there is no SSH server that its code could be run by.
        A0_SET__code_execution__ssh_enabled: 'false',
        [agentZeroMarker]: instance,
      },
      stdio: ['ignore', log.fd, log.fd],
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('AGENT_ZERO_FAILED', `"${python}" could not be started: ${reason}`, {
      cause: error,
    });
  } finally {
    await log.close();
  }
}

async function findPython({ directory, python }: Launch): Promise<string> {
  const places = python
    ? [python]
    : ['.venv', 'venv'].map((name) => join(directory, name, 'bin', 'python'));
  for (const place of places) if (await isThere(place, constants.X_OK)) return place;
  throw new AppError(
    'AGENT_ZERO_NOT_CONFIGURED',
    python
      ? `BORGOS_AGENT_ZERO_PYTHON is ${python}, which is no program: set it to a Python 3.12 or newer that has the requirements of Agent Zero`
      : `There is no .venv/bin/python in ${directory}: make a virtual environment with the requirements of Agent Zero there, or set BORGOS_AGENT_ZERO_PYTHON to an interpreter that has them`,
  );
}

async function isThere(file: string, mode: number): Promise<boolean> {
  try {
    await access(file, mode);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
