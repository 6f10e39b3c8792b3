import { readFile } from 'node:fs/promises';
import type { Listener } from '../../deployments/runtime.ts';
import { parseListening } from '../proc-net-tcp.ts';

/** Where the engine answers the name queries of containers, inside of each. */
const engineResolver = '127.0.0.11';

/**
 * Where the processes of a container listen, read in the network namespace of its first process.
 * `[]` where that can't be seen: in another system, or from inside of a container.
 */
export async function listenersOf(containerId: string, pid: number): Promise<Listener[]> {
  if (pid <= 0) return [];
  try {
    // The same number may be another process here when the engine counts in another namespace.
    const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8');
    if (!groups.includes(containerId)) return [];
    const tables = await Promise.all(
      ['tcp', 'tcp6'].map((table) => readFile(`/proc/${pid}/net/${table}`, 'utf8')),
    );
    return tables
      .flatMap(parseListening)
      .map(({ listener }) => listener)
      .filter(({ host }) => host !== engineResolver);
  } catch {
    return [];
  }
}
