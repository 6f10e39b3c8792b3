import { setTimeout as wait } from 'node:timers/promises';
import type { Processes, ProcessIdentity } from '../processes.ts';

/** In the environment of every process of an agent: `<instance>/borgos-43-1`. */
export const runMarker = 'BORGOS_AGENT_RUN';

const politeMs = 300;
const lookMs = 25;

/**
 * Ends a run: its group politely, then by force, then by their mark all that have left the group.
 * @param leader `null`: it is not known, or has ended
 */
export async function endRun(
  processes: Processes,
  leader: ProcessIdentity | null,
  mark: string,
): Promise<void> {
  if (leader && (await processes.isAlive(leader))) {
    signalTo(-leader.pid, 'SIGTERM');
    const until = performance.now() + politeMs;
    while (performance.now() < until && (await processes.isAlive(leader))) await wait(lookMs);
    // The number of a group is given to nobody while one of the group lives.
    signalTo(-leader.pid, 'SIGKILL');
  }
  // Twice, as one may have been born of another between the look and its end.
  for (let round = 0; round < 2; round += 1) {
    const left = (await processes.marked(runMarker)).filter(({ value }) => value === mark);
    if (left.length === 0) return;
    for (const { pid } of left) signalTo(pid, 'SIGKILL');
  }
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone, which is what was wanted.
  }
}
