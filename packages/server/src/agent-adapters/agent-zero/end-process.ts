import { setTimeout as wait } from 'node:timers/promises';
import type { Processes, ProcessIdentity } from '../../processes.ts';
import { agentZeroMarker } from './launch-process.ts';
import { untilPortFree } from './until-port-free.ts';

const usualPoliteMs = 10_000;
const lookMs = 50;

/**
 * Ends an Agent Zero that is a process: its group politely, then by force, then by their mark all
 * that have left the group. Its port is free afterwards.
 * @param leader `null`: it is not known, or has ended
 */
export async function endProcess({
  processes,
  instance,
  port,
  isPortFree,
  leader,
  politeMs = usualPoliteMs,
}: {
  processes: Processes;
  instance: string;
  port: number;
  isPortFree(port: number): Promise<boolean>;
  leader: ProcessIdentity | null;
  politeMs?: number;
}): Promise<void> {
  if (leader && (await processes.isAlive(leader))) {
    signalTo(-leader.pid, 'SIGTERM');
    const until = performance.now() + politeMs;
    while (performance.now() < until && (await processes.isAlive(leader))) await wait(lookMs);
    // The number of a group is given to nobody while one of the group lives.
    signalTo(-leader.pid, 'SIGKILL');
  }
  // Twice, as one may have been born of another between the look and its end.
  let ended = 0;
  for (let round = 0; round < 2; round += 1) {
    const left = (await processes.marked(agentZeroMarker)).filter(
      ({ value }) => value === instance,
    );
    ended += left.length;
    for (const { pid } of left) signalTo(pid, 'SIGKILL');
    if (left.length === 0) break;
  }
  if (!leader && ended === 0) return;
  await untilPortFree(port, isPortFree);
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone, which is what was wanted.
  }
}
