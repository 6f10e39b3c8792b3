import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { AgentFailure } from '../../agents/adapter.ts';
import type { Exit } from '../agent-exit.ts';

export interface AgentProcess {
  pid: number;
  input: Writable;
  output: Readable;
  exit: Promise<Exit>;
}

const keptErrors = 4_096;
/** For what it wrote last; something that it left running may hold its output open for ever. */
const drainMs = 1_000;

/**
 * Starts an agent in a process group of its own, and ends that group as soon as the agent ends.
 * @throws AgentFailure AGENT_UNAVAILABLE
 */
export async function startAgentProcess({
  program,
  argv,
  cwd,
  environment,
}: {
  program: string;
  argv: readonly string[];
  cwd: string;
  environment: Record<string, string>;
}): Promise<AgentProcess> {
  const child = spawn(program, argv, { cwd, env: environment, detached: true, stdio: 'pipe' });
  const { stdin: input, stdout: output, stderr } = child;
  // Whoever reads has gone: its exit says why.
  input.on('error', () => {});
  output.on('error', () => {});
  let errors = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = `${errors}${text}`.slice(-keptErrors);
  });
  const exit = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      if (child.pid !== undefined) endGroup(child.pid);
      const timer = setTimeout(() => {
        output.destroy();
        stderr.destroy();
      }, drainMs);
      child.once('close', () => {
        clearTimeout(timer);
        const lines = errors.trimEnd().split('\n').slice(-15).join('\n');
        resolve({ code, signal, isUnknown: false, errors: lines });
      });
    });
  });
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve).once('error', reject);
    });
    if (child.pid === undefined) throw new Error('it has no process id');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AgentFailure('AGENT_UNAVAILABLE', `"${program}" could not be started: ${reason}`, {
      cause: error,
    });
  }
  return { pid: child.pid, input, output, exit };
}

/** At once, while the number of the group is nobody else’s. */
export function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}
