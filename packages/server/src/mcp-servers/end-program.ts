import type { ChildProcess } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import type { Processes } from '../processes.ts';

/** In the environment of every process of an MCP server: `<instance>/<id of the server>`. */
export const serverMarker = 'BORGOS_MCP_SERVER';

/** What is asked of the system about the processes of servers. */
export type MarkedProcesses = Pick<Processes, 'marked' | 'start'>;

const politeMs = 500;

/**
 * Ends a program with all that it has started: it is told by the end of its input, then by a signal
 * to its group, then by force; and who has left the group is found by the mark.
 */
export async function endProgram(
  child: ChildProcess,
  mark: string,
  processes: MarkedProcesses,
): Promise<void> {
  child.stdin?.destroy();
  if (isRunning(child) && child.pid !== undefined) {
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    for (const signal of [undefined, 'SIGTERM', 'SIGKILL'] as const) {
      if (!isRunning(child)) break;
      // While the leader has not been waited for, the number of its group is nobody else's.
      if (signal) signalGroup(child.pid, signal);
      await Promise.race([exited, wait(politeMs)]);
    }
  }
  await endMarked(processes, (value) => value === mark);
}

/** Ends what was left by an earlier life, or by a program that has ended. */
export async function endMarked(
  processes: MarkedProcesses,
  isMeant: (value: string) => boolean,
): Promise<void> {
  // Twice, as one may have been born of another between the look and its end.
  for (let round = 0; round < 2; round += 1) {
    const left = (await processes.marked(serverMarker)).filter(({ value }) => isMeant(value));
    if (left.length === 0) return;
    for (const { pid } of left) signalTo(pid, 'SIGKILL');
  }
}

export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  signalTo(-leader, signal);
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone, which is what was wanted.
  }
}
