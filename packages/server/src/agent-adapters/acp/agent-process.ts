import type { Readable, Writable } from 'node:stream';
import { AgentFailure } from '../../agents/adapter.ts';
import type { Processes } from '../../processes.ts';
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
  processes,
}: {
  program: string;
  argv: readonly string[];
  cwd: string;
  environment: Record<string, string>;
  processes: Processes;
}): Promise<AgentProcess> {
  const start = { program, args: [...argv], cwd, environment, stdio: 'pipe' as const };
  const child = await processes.start(start).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AgentFailure('AGENT_UNAVAILABLE', `"${program}" could not be started: ${reason}`, {
      cause: error,
    });
  });
  const { stdin: input, stdout: output, stderr } = child;
  if (!input || !output || !stderr) throw new Error('it has no pipes');
  // Whoever reads has gone: its exit says why.
  input.on('error', () => {});
  output.on('error', () => {});
  let errors = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = `${errors}${text}`.slice(-keptErrors);
  });
  const exit = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      endGroup(child.pid);
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
