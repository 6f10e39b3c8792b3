import { open } from 'node:fs/promises';
import { AgentFailure } from '../../agents/adapter.ts';
import type { Processes } from '../../processes.ts';
import type { RunFiles } from '../run-files.ts';
import type { CommandLine } from './command-line.ts';

export interface StartedProcess {
  pid: number;
  exit: Promise<{ code: number | null; signal: string | null }>;
}

/**
 * Starts a program in a session of its own, its output going straight to files: nothing that ends
 * BorgOS ends it, and it never waits for BorgOS to read.
 * @throws AgentFailure AGENT_UNAVAILABLE
 */
export async function startProcess({
  processes,
  program,
  argv,
  readsPrompt,
  cwd,
  environment,
  files,
}: CommandLine & {
  processes: Processes;
  program: string;
  cwd: string;
  files: RunFiles;
}): Promise<StartedProcess> {
  const input = await open(readsPrompt ? files.prompt : '/dev/null', 'r');
  const output = await open(files.output, 'a');
  const errors = await open(files.errors, 'a');
  try {
    const child = await processes.start({
      ...{ program, cwd, environment },
      args: argv.slice(1),
      stdio: [input.fd, output.fd, errors.fd],
    });
    const exit = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      child.once('exit', (code, signal) => {
        // At once, while the number of the group is nobody else's: what it left in the background.
        endGroup(child.pid);
        resolve({ code, signal });
      });
    });
    return { pid: child.pid, exit };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AgentFailure('AGENT_UNAVAILABLE', `"${program}" could not be started: ${reason}`, {
      cause: error,
    });
  } finally {
    await Promise.all([input.close(), output.close(), errors.close()]);
  }
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}
